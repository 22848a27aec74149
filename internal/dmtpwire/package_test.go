package dmtpwire

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// A packageVector is the body of a package as .NET wrote it.
type packageVector struct {
	name string
	g    Generation
	hex  string
	want any // pointer to the package
}

func packageVectors(t testing.TB) []packageVector {
	return slices.Concat(callVectors(t), channelVectors(t), fileVectors(t), cacheVectors(t))
}

// parsePackage parses a body into a new package of the type of like.
func parsePackage(g Generation, like any, body []byte) (any, error) {
	p := reflect.New(reflect.TypeOf(like).Elem()).Interface()
	var err error
	switch p := p.(type) {
	case *Request:
		err = g.ParseRequest(body, p)
	case *Response:
		err = g.ParseResponse(body, p)
	case *Cancel:
		err = g.ParseCancel(body, p)
	case *CreateChannel:
		err = g.ParseCreateChannel(body, p)
	case *ChannelPackage:
		err = g.ParseChannelPackage(body, p)
	case *FileInfoPackage:
		err = g.ParseFileInfo(body, p)
	case *FileSectionPackage:
		err = g.ParseFileSection(body, p)
	case *FileFinishedPackage:
		err = g.ParseFileFinished(body, p)
	case *SmallFilePackage:
		err = g.ParseSmallFile(body, p)
	case *CacheRequest:
		err = g.ParseCacheRequest(body, p)
	case *CacheResponse:
		err = g.ParseCacheResponse(body, p)
	default:
		panic(fmt.Sprintf("%T", p))
	}
	return p, err
}

func appendPackage(g Generation, b []byte, p any) ([]byte, error) {
	switch p := p.(type) {
	case *Request:
		return g.AppendRequest(b, p)
	case *Response:
		return g.AppendResponse(b, p)
	case *Cancel:
		return g.AppendCancel(b, p)
	case *CreateChannel:
		return g.AppendCreateChannel(b, p)
	case *ChannelPackage:
		return g.AppendChannelPackage(b, p)
	case *FileInfoPackage:
		return g.AppendFileInfo(b, p)
	case *FileSectionPackage:
		return g.AppendFileSection(b, p)
	case *FileFinishedPackage:
		return g.AppendFileFinished(b, p)
	case *SmallFilePackage:
		return g.AppendSmallFile(b, p)
	case *CacheRequest:
		return g.AppendCacheRequest(b, p)
	case *CacheResponse:
		return g.AppendCacheResponse(b, p)
	default:
		panic(fmt.Sprintf("%T", p))
	}
}

// open reports whether a package ends with bytes that nothing delimits, so that a shorter one may be whole too.
func open(p any) []byte {
	switch p := p.(type) {
	case *Request:
		return p.Params
	case *Response:
		return p.Return
	}
	return nil
}

func checkPackageError(t *testing.T, in string, err, what error) {
	t.Helper()
	var pe *PackageError
	if !errors.As(err, &pe) || !errors.Is(err, what) || pe.Field == "" || pe.Package == "" || !strings.HasPrefix(err.Error(), "dmtp: ") {
		t.Errorf("%s: %v, want %v", in, err, what)
	}
}

func TestPackageVectors(t *testing.T) {
	for _, v := range packageVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			body := unhex(t, v.hex)
			got, err := parsePackage(v.g, v.want, body)
			if err != nil || !reflect.DeepEqual(got, v.want) {
				t.Errorf("parsed %s\n got %+v, %v\nwant %+v", v.hex, got, err, v.want)
			}
			out, err := appendPackage(v.g, []byte("x"), v.want)
			if err != nil || !bytes.Equal(out[1:], body) {
				t.Errorf("appended %x, %v\n    want %x", out[1:], err, body)
			}
			// Bytes behind the last field do not count.
			if open(v.want) == nil {
				if got, err := parsePackage(v.g, v.want, append(bytes.Clone(body), 0xaa, 0xbb)); err != nil || !reflect.DeepEqual(got, v.want) {
					t.Errorf("with bytes behind: %+v, %v", got, err)
				}
			}
			for i := range len(body) - len(open(v.want)) {
				_, err := parsePackage(v.g, v.want, body[:i:i])
				checkPackageError(t, fmt.Sprintf("%x", body[:i]), err, ErrTruncated)
			}
		})
	}
}
