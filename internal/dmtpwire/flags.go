package dmtpwire

import "strconv"

// Flags is the protocol number of a frame: it says what the body is. Section 2.
type Flags uint16

// Kernel flags. 11 to 19 are unassigned and ignored on receipt.
const (
	FlagClose            Flags = 0  // TouchSocket P0_Close, JSON WaitClose (before 4.2: plain text)
	FlagVerifyRequest    Flags = 1  // TouchSocket P1_Handshake_Request, JSON WaitVerify
	FlagVerifyResponse   Flags = 2  // TouchSocket P2_Handshake_Response, JSON WaitVerify
	FlagResetIDRequest   Flags = 3  // TouchSocket P3_ResetId_Request, JSON WaitSetId
	FlagResetIDResponse  Flags = 4  // TouchSocket P4_ResetId_Response, JSON WaitSetId
	FlagPingRequest      Flags = 5  // TouchSocket P5_Ping_Request, JSON WaitPing
	FlagPingResponse     Flags = 6  // TouchSocket P6_Ping_Response, JSON WaitPing
	FlagChannelRequest   Flags = 7  // TouchSocket P7_CreateChannel_Request, CreateChannel
	FlagChannelResponse  Flags = 8  // TouchSocket P8_CreateChannel_Response, CreateChannel
	FlagChannelPackage   Flags = 9  // TouchSocket P9_ChannelPackage, ChannelPackage
	FlagCloseAcknowledge Flags = 10 // TouchSocket P10, JSON WaitClose (since 4.2)

	// FlagUser is the first number that is not the kernel's. Features use the numbers below by default.
	FlagUser Flags = 20
)

// Flags of the features, at their default start numbers. Section 2.2.
const (
	FlagCallRequest  Flags = 20 // DmtpRpc request, Request
	FlagCallResponse Flags = 21 // DmtpRpc response, Response
	FlagCallCancel   Flags = 22 // DmtpRpc cancel, Cancel

	FlagCacheRequest  Flags = 25 // Redis request, CacheRequest
	FlagCacheResponse Flags = 26 // Redis response, CacheResponse

	FlagPullInfoRequest     Flags = 30 // FileInfoPackage
	FlagPullInfoResponse    Flags = 31 // FileInfoPackage
	FlagPullSectionRequest  Flags = 32 // FileSectionPackage
	FlagPullSectionResponse Flags = 33 // FileSectionPackage
	FlagPushInfoRequest     Flags = 34 // FileInfoPackage
	FlagPushInfoResponse    Flags = 35 // FileInfoPackage
	FlagPushSectionRequest  Flags = 36 // FileSectionPackage
	FlagPushSectionResponse Flags = 37 // FileSectionPackage
	FlagFinishedRequest     Flags = 38 // FileFinishedPackage
	FlagFinishedResponse    Flags = 39 // FileFinishedPackage
	FlagPullSmallRequest    Flags = 40 // SmallFilePackage
	FlagPullSmallResponse   Flags = 41 // SmallFilePackage
	FlagPushSmallRequest    Flags = 42 // SmallFilePackage
	FlagPushSmallResponse   Flags = 43 // SmallFilePackage
)

var flagNames = [...]string{
	FlagClose: "Close", FlagVerifyRequest: "VerifyRequest", FlagVerifyResponse: "VerifyResponse",
	FlagResetIDRequest: "ResetIDRequest", FlagResetIDResponse: "ResetIDResponse",
	FlagPingRequest: "PingRequest", FlagPingResponse: "PingResponse",
	FlagChannelRequest: "ChannelRequest", FlagChannelResponse: "ChannelResponse",
	FlagChannelPackage: "ChannelPackage", FlagCloseAcknowledge: "CloseAcknowledge",
	FlagCallRequest: "CallRequest", FlagCallResponse: "CallResponse", FlagCallCancel: "CallCancel",
	FlagCacheRequest: "CacheRequest", FlagCacheResponse: "CacheResponse",
	FlagPullInfoRequest: "PullInfoRequest", FlagPullInfoResponse: "PullInfoResponse",
	FlagPullSectionRequest: "PullSectionRequest", FlagPullSectionResponse: "PullSectionResponse",
	FlagPushInfoRequest: "PushInfoRequest", FlagPushInfoResponse: "PushInfoResponse",
	FlagPushSectionRequest: "PushSectionRequest", FlagPushSectionResponse: "PushSectionResponse",
	FlagFinishedRequest: "FinishedRequest", FlagFinishedResponse: "FinishedResponse",
	FlagPullSmallRequest: "PullSmallRequest", FlagPullSmallResponse: "PullSmallResponse",
	FlagPushSmallRequest: "PushSmallRequest", FlagPushSmallResponse: "PushSmallResponse",
}

// String gives the name of the flag, or its number when it has none.
func (f Flags) String() string {
	if int(f) < len(flagNames) && flagNames[f] != "" {
		return flagNames[f]
	}
	return "Flags(" + strconv.Itoa(int(f)) + ")"
}

// JSON reports whether the body of such a frame is a JSON kernel message (flag 0: since 4.2).
func (f Flags) JSON() bool { return f <= FlagPingResponse || f == FlagCloseAcknowledge }
