package dmtpwire

import "strconv"

// Status is the outcome that an answer carries; requests carry 0. Appendix B.
// Handshake and reset-id use 0 for a request, 1 for success and 2 for failure.
type Status uint8

// The status codes. The comment is the name in TouchSocketDmtpStatus.
const (
	StatusUnknown             Status = 0              // UnknownError; also: a request
	StatusSuccess             Status = 1              // Success
	StatusOvertime            Status = 2              // Overtime; handshake and reset-id: refused
	StatusCancelled           Status = 3              // Canceled
	StatusException           Status = 4              // Exception: the text is in Message
	StatusRoutingNotAllowed   Status = 5              // RoutingNotAllowed
	StatusMethodNotFound      Status = 6              // RpcMethodNotFind
	StatusMethodDisabled      Status = 7              // RpcMethodDisable
	StatusInvokeException     Status = 8              // RpcInvokeException
	StatusEventArgsFailed     Status = 9              // GetEventArgsFail
	StatusSetChannelFailed    Status = 10             // SetChannelFail
	StatusChannelExisted      Status = 11             // ChannelExisted
	StatusRemoteRefused       Status = 12             // RemoteRefuse
	StatusCreateStreamFailed  Status = 13             // CreateWriteStreamFail
	StatusStreamNotFound      Status = 14             // StreamNotFind
	StatusClientNotFound      Status = 15             // ClientNotFind
	StatusStreamInUse         Status = 16             // StreamUsing
	StatusLoadStreamFailed    Status = 17             // LoadStreamFail
	StatusDirectoryExisted    Status = 18             // DirectoryExisted
	StatusFileExisted         Status = 19             // FileExisted
	StatusFileNotExists       Status = 20             // FileNotExists
	StatusDirectoryNotExists  Status = 21             // DirectoryNotExists
	StatusEventExisted        Status = 22             // EventExisted
	StatusEventNotExists      Status = 23             // EventNotExist
	StatusHandleNotFound      Status = 24             // ResourceHandleNotFind
	StatusUnfinishedSections  Status = 25             // HasUnFinished
	StatusFileTooLong         Status = 26             // FileLengthTooLong
	StatusReadLengthError     Status = 27             // LengthErrorWhenRead
	StatusNoTargetID          Status = 28             // NotFindAnyTargetId
	StatusRoutingNotSupported Status = 29             // RoutingNotSupported
	StatusRefused                    = StatusOvertime // of a handshake or a reset-id
	StatusCacheMiss           Status = 255            // cache only: a miss, or false
)

var statusNames = [...]string{
	"unknown", "success", "overtime", "cancelled", "exception", "routing not allowed", "RPC method not found",
	"RPC method disabled", "RPC invoke exception", "get event args failed", "set channel failed", "channel existed",
	"remote refused", "create write stream failed", "stream not found", "client not found", "stream in use",
	"load stream failed", "directory existed", "file existed", "file does not exist", "directory does not exist",
	"event existed", "event does not exist", "resource handle not found", "has unfinished sections", "file too long",
	"read length error", "no target id found", "routing not supported",
}

// String gives the name of Appendix B, or the number of a status that has none.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "Status(" + strconv.Itoa(int(s)) + ")"
}

// Serialization says how the arguments and the result of a call are written. Section 8.1; 4 and up belong to the
// application.
type Serialization uint8

// The serializations.
const (
	FastBinary   Serialization = 0 // SerializationType.FastBinary: the library's own format, section 8.5
	JSON         Serialization = 1 // SerializationType.Json
	SystemBinary Serialization = 2 // SerializationType.SystemBinary: BinaryFormatter; never decode it
	XML          Serialization = 3 // SerializationType.Xml: XmlSerializer
)

// String gives the name of the serialization, or its number.
func (s Serialization) String() string {
	if int(s) < len(serializationNames) {
		return serializationNames[s]
	}
	return "Serialization(" + strconv.Itoa(int(s)) + ")"
}

var serializationNames = [...]string{"FastBinary", "Json", "SystemBinary", "Xml"}

// Feedback says what the caller of a method waits for. Section 8.3.
type Feedback uint8

// The feedback types.
const (
	OnlySend   Feedback = 0 // no answer
	WaitSend   Feedback = 1 // an answer without a result before the method runs
	WaitInvoke Feedback = 2 // an answer with the result
)

// String gives the name of the feedback type, or its number.
func (f Feedback) String() string {
	if int(f) < len(feedbackNames) {
		return feedbackNames[f]
	}
	return "Feedback(" + strconv.Itoa(int(f)) + ")"
}

var feedbackNames = [...]string{"OnlySend", "WaitSend", "WaitInvoke"}
