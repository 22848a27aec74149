package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bellpull/bellpull/dmtp"
)

// sendRecord says in -o json that a user frame was read by the other side.
type sendRecord struct {
	Flags uint64 `json:"flags"`
	Bytes int    `json:"bytes"`
	Sent  bool   `json:"sent"`
}

func (a *app) sendCmd() *cobra.Command {
	var (
		l         link
		hexa, txt string
	)
	cmd := &cobra.Command{
		Use:   "send ADDRESS FLAGS",
		Short: "Send a user frame: a number and bytes without a method",
		Long: `send sends a DMTP user frame and waits until the other side has read it. FLAGS is its number, 23 to 65535,
decimal or 0x…; the protocol's own numbers are refused. The bytes are those of --hex or --text, else the input.
With --protocol campus it is a message without a route, and FLAGS its business header of 64 bits, 0 for none.`,
		Example: "  bell send local:demo 1000 --text hello\n  bell send local:demo 0x3e8 --hex '01 02 ff'",
		Args:    usageArgs(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			pipes, err := l.campus(args[0])
			if err != nil {
				return err
			}
			bits := 16
			if pipes {
				bits = 64
			}
			flags, err := strconv.ParseUint(args[1], 0, bits)
			if err != nil {
				return usage("FLAGS %q is no number of %d bits", args[1], bits)
			}
			var body []byte
			switch given := cmd.Flags().Changed; {
			case given("hex") && given("text"):
				return usage("--hex and --text cannot both be the bytes")
			case given("hex"):
				if body, err = hex.DecodeString(strings.Join(strings.Fields(hexa), "")); err != nil {
					return usage("--hex %q: %v", hexa, err)
				}
			case given("text"):
				body = []byte(txt)
			default:
				if body, err = io.ReadAll(a.in); err != nil {
					return &localError{fmt.Errorf("reading the input: %w", err), "give the bytes by --hex, --text or < FILE"}
				}
			}
			if pipes {
				return a.sendPipes(cmd.Context(), &l, args[0], flags, body)
			}
			p, err := l.dial(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer hangUp(p)
			ctx, cancel := context.WithTimeout(cmd.Context(), l.timeout)
			defer cancel()
			if err := dmtp.SendFrame(ctx, p, uint16(flags), body); err != nil {
				return err
			}
			if err := l.arrived(ctx, p, "send", ""); err != nil {
				return err
			}
			a.emit(sendRecord{flags, len(body), true}, fmt.Sprintf("sent %d bytes, flags %d", len(body), flags))
			return nil
		},
	}
	l.dialFlags(cmd.Flags())
	cmd.Flags().StringVar(&hexa, "hex", "", "the bytes in hexadecimal, spaces allowed")
	cmd.Flags().StringVar(&txt, "text", "", "the bytes as text")
	return cmd
}
