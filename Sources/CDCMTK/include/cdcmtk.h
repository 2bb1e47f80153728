#pragma once

// The one C header over DCMTK: opaque handles, bytes and status values. No DCMTK type and no exception crosses it.
// Only the Swift room `DICOM` imports it.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Sections with and without nullability live together.
#pragma clang diagnostic ignored "-Wnullability-completeness"

#ifdef __cplusplus
extern "C" {
#endif

#define RK_EXPORT __attribute__((visibility("default")))

/// Why a call did not succeed. A caller may act on it; `rk_status.text` is for people.
enum {
  RK_OK = 0,
  RK_FAILED = 1,        ///< nothing more precise: see the text
  RK_TIMED_OUT = 2,     ///< the peer did not speak in time
  RK_CLOSED = 3,        ///< the peer closed the connection
  RK_ABORTED = 4,       ///< the peer sent A-ABORT
  RK_PROTOCOL = 5,      ///< the peer broke PS3.7 or PS3.8
  RK_TOO_LARGE = 6,     ///< more bytes than the caller allows
  RK_DISK = 7,          ///< a file could not be created, written or mapped
  RK_INTERRUPTED = 8,   ///< our own side asked for the end (rk_wake_signal, rk_connection_interrupt)
  RK_NO_MEMORY = 9,
  RK_BAD_ARGUMENT = 10  ///< the call made no sense in this state
};

/// What a call came to: `code` 0 is success; `text` says what was tried and what DCMTK said, never patient data.
typedef struct {
  int32_t code;
  char text[200];
} rk_status;

// ---- library ----

/// Takes a line of DCMTK's network log. `level`: 0 trace, 1 debug, 2 info, 3 warning, 4 error. Called from any thread.
typedef void (*rk_log_function)(void *_Nullable context, int32_t level, const char *_Nonnull text);

/// Prepares DCMTK and the process, once; later calls do nothing. See library.cpp for what and why.
/// `context` is kept for the life of the process.
RK_EXPORT rk_status rk_initialize(rk_log_function _Nullable log, void *_Nullable context);

// ---- dictionary ----

/// One line of the data dictionary that DCMTK has loaded: a tag, or a range of tags such as (60xx,3000).
typedef struct {
  uint16_t group, element;
  /// Equal to the above, or the end of the range.
  uint16_t upper_group, upper_element;
  /// Of a range: 0 every number in it, 1 the even ones, 2 the odd ones.
  uint8_t group_step, element_step;
  /// "PN"; in small letters where the tag alone does not decide: "ox" (OB or OW), "xs" (US or SS), "lt" (US, SS or OW)…
  char vr[3];
  char keyword[80];
} rk_dictionary_entry;

/// Copies at most `capacity` public entries of the dictionary and returns how many there are; `entries` may be null.
RK_EXPORT size_t rk_dictionary_entries(rk_dictionary_entry *entries, size_t capacity);

/// A deflated stream (RFC 1951; a zlib wrapper is tolerated) that is being inflated.
typedef struct rk_inflater rk_inflater;

typedef enum {
  /// Room for output or input ran out; call again with more of it.
  RK_INFLATE_MORE = 0,
  /// The stream has ended; input behind its end was not consumed.
  RK_INFLATE_END = 1,
  /// The stream is damaged.
  RK_INFLATE_DAMAGED = 2,
} rk_inflate_state;

/// Null when memory ran out.
RK_EXPORT rk_inflater *rk_inflater_open(void);
/// Moves the two pointers and counts past what was consumed and produced. Never writes more than `*output_count` bytes.
RK_EXPORT rk_inflate_state rk_inflater_run(rk_inflater *inflater, const uint8_t **input, size_t *input_count,
                                           uint8_t **output, size_t *output_count);
RK_EXPORT void rk_inflater_close(rk_inflater *inflater);

// ---- spool ----

/// The bytes of one arriving object: in memory up to a limit, then in a file; SHA-256 runs along.
/// Not thread-safe: one owner at a time. Every call may block on the disk once the spool has spilled.
typedef struct rk_spool rk_spool;

/// `directory` is where the file goes if the bytes outgrow `memory_limit` (rounded up to 4096). With `flushes` it is on the
/// disk at the end of `rk_spool_finish`, which costs less than later: it goes on beside the hashing of the last bytes.
RK_EXPORT rk_status rk_spool_open(const char *_Nonnull directory, size_t memory_limit, bool flushes,
                                  rk_spool *_Nullable *_Nonnull out);
RK_EXPORT rk_status rk_spool_append(rk_spool *_Nonnull spool, const void *_Nullable bytes, size_t count);
RK_EXPORT uint64_t rk_spool_count(const rk_spool *_Nonnull spool);
/// Ends appending and gives the SHA-256 of all bytes; may be called again.
RK_EXPORT rk_status rk_spool_finish(rk_spool *_Nonnull spool, uint8_t digest[_Nonnull 32]);
/// The path of the spill file, or NULL while everything is in memory (or the file was taken).
RK_EXPORT const char *_Nullable rk_spool_path(const rk_spool *_Nonnull spool);
RK_EXPORT bool rk_spool_in_memory(const rk_spool *_Nonnull spool);
/// After finish: all bytes, as long as the spool lives (spilled: a read-only mapping of the file).
RK_EXPORT rk_status rk_spool_bytes(rk_spool *_Nonnull spool, const void *_Nullable *_Nonnull bytes,
                                   size_t *_Nonnull count);
/// After finish and in memory only: 4096 bytes of head room, then the bytes, the tail zeroed up to a multiple of 4096;
/// the address is a multiple of 4096. Gives NULL when spilled.
RK_EXPORT void *_Nullable rk_spool_head_room(rk_spool *_Nonnull spool, size_t *_Nonnull count);
/// After finish: writes all bytes at the descriptor's position.
RK_EXPORT rk_status rk_spool_write(rk_spool *_Nonnull spool, int descriptor);
/// After finish and spilled: closes the file and copies its path; the caller owns the file now. With `flushed` its bytes are on
/// the disk (fdatasync).
RK_EXPORT rk_status rk_spool_take(rk_spool *_Nonnull spool, bool flushed, char *_Nonnull path, size_t capacity);
/// Frees memory and mapping and removes a spill file nobody took.
RK_EXPORT void rk_spool_free(rk_spool *_Nullable spool);

// ---- digest ----

/// A running SHA-256 (FIPS 180-4), by OpenSSL: about 2 GB/s where the processor helps.
typedef struct rk_sha256 rk_sha256;
RK_EXPORT rk_status rk_sha256_open(rk_sha256 *_Nullable *_Nonnull out);
RK_EXPORT rk_status rk_sha256_update(rk_sha256 *_Nonnull hash, const void *_Nullable bytes, size_t count);
/// Gives the digest of all bytes; no update after it.
RK_EXPORT rk_status rk_sha256_finish(rk_sha256 *_Nonnull hash, uint8_t digest[_Nonnull 32]);
RK_EXPORT void rk_sha256_free(rk_sha256 *_Nullable hash);

// ---- network ----

/// A bell that wakes everybody who waits in rk_listener_accept or for the next message, and stays rung.
typedef struct rk_wake rk_wake;
RK_EXPORT rk_status rk_wake_open(rk_wake *_Nullable *_Nonnull out);
RK_EXPORT void rk_wake_signal(rk_wake *_Nonnull wake);
RK_EXPORT void rk_wake_free(rk_wake *_Nullable wake);

typedef struct rk_listener rk_listener;
typedef struct rk_connection rk_connection;

/// Listens on a host name or address and a TCP port (0: the system chooses).
RK_EXPORT rk_status rk_listener_open(const char *_Nonnull host, uint16_t port, int32_t backlog,
                                     rk_listener *_Nullable *_Nonnull out);
RK_EXPORT uint16_t rk_listener_port(const rk_listener *_Nonnull listener);
/// Blocks for up to `timeout_ms`. `*out` is NULL when nobody came. Reads nothing from the connection.
RK_EXPORT rk_status rk_listener_accept(rk_listener *_Nonnull listener, rk_wake *_Nullable wake, int32_t timeout_ms,
                                       rk_connection *_Nullable *_Nonnull out);
/// Stops listening; not while another thread accepts.
RK_EXPORT void rk_listener_close(rk_listener *_Nonnull listener);
RK_EXPORT void rk_listener_free(rk_listener *_Nullable listener);

/// What a peer may hold, and for how long.
typedef struct {
  int32_t negotiation_ms;     ///< from the first byte we wait for to the end of the A-ASSOCIATE-RQ
  int32_t idle_ms;            ///< between two messages
  int32_t progress_ms;        ///< inside a message or a write: 1 KiB at least must move in this time
  uint32_t maximum_pdu;       ///< offered to the peer and enforced, at most 131072
  uint32_t maximum_request;   ///< bytes of an A-ASSOCIATE-RQ
} rk_limits;

/// A presentation context as the peer proposes it. UIDs are as received, at most 64 characters.
typedef struct {
  uint8_t id;
  char abstract_syntax[65];
  uint32_t transfer_syntax_count;
} rk_context;

/// Who asks for an association, read from the request.
typedef struct {
  char calling[17];
  char called[17];
  char application_context[65];
  char implementation_uid[65];
  char implementation_version[17];
  uint32_t maximum_pdu;
} rk_titles;

/// A message: its command set (PS3.7 E.1), parsed.
typedef struct {
  uint16_t command_field;     ///< (0000,0100); 0 when the peer asked for release instead
  uint16_t message_id;
  uint16_t priority;
  uint16_t move_originator_id;
  uint8_t context_id;
  bool has_data_set;
  bool is_release;
  char sop_class[65];
  char sop_instance[65];
  char move_originator[17];
} rk_message;

/// A response to write. Empty texts are left out.
typedef struct {
  uint16_t command_field;
  uint16_t message_id;
  uint16_t status;
  uint8_t context_id;
  char sop_class[65];
  char sop_instance[65];
  char comment[65];           ///< (0000,0902), at most 64 characters, ASCII
} rk_response;

/// "address:port" of the peer, numeric.
RK_EXPORT const char *_Nonnull rk_connection_peer(const rk_connection *_Nonnull connection);
/// May be called from any thread while the handle lives: every blocking call on this connection ends soon.
RK_EXPORT void rk_connection_interrupt(rk_connection *_Nonnull connection);
/// Blocks until the whole A-ASSOCIATE-RQ lies here (or refuses it), checks its structure, then lets DCMTK read it.
RK_EXPORT rk_status rk_connection_negotiate(rk_connection *_Nonnull connection, rk_limits limits,
                                            rk_wake *_Nullable wake);
RK_EXPORT rk_titles rk_connection_titles(const rk_connection *_Nonnull connection);
RK_EXPORT uint32_t rk_connection_context_count(const rk_connection *_Nonnull connection);
RK_EXPORT rk_context rk_connection_context(const rk_connection *_Nonnull connection, uint32_t index);
/// The UID of a proposed transfer syntax; lives as long as the connection.
RK_EXPORT const char *_Nonnull rk_connection_transfer_syntax(const rk_connection *_Nonnull connection, uint32_t index,
                                                             uint32_t syntax);
RK_EXPORT rk_status rk_connection_accept_context(rk_connection *_Nonnull connection, uint8_t id,
                                                 const char *_Nonnull transfer_syntax);
/// `reason`: 1 user rejection, 3 abstract syntax not supported, 4 transfer syntaxes not supported (PS3.8 9.3.3.2).
RK_EXPORT rk_status rk_connection_refuse_context(rk_connection *_Nonnull connection, uint8_t id, uint8_t reason);
/// Sends A-ASSOCIATE-AC. Blocks. `implementation_uid` and `version` name us.
RK_EXPORT rk_status rk_connection_acknowledge(rk_connection *_Nonnull connection,
                                              const char *_Nonnull implementation_uid, const char *_Nonnull version);
/// Sends A-ASSOCIATE-RJ (PS3.8 9.3.4) and closes, whatever the state; before a negotiation it first waits for the
/// request for at most `wait_ms`, so that the peer reads the answer and not a reset. Blocks.
RK_EXPORT void rk_connection_reject(rk_connection *_Nonnull connection, uint8_t result, uint8_t source, uint8_t reason,
                                    int32_t wait_ms);
/// Blocks until the next command set or A-RELEASE-RQ is here.
RK_EXPORT rk_status rk_connection_receive(rk_connection *_Nonnull connection, rk_message *_Nonnull out);
/// Receives the data set that the last message announced. Blocks. With a NULL spool the bytes are dropped.
/// A spool that fails (RK_DISK) or an object over `limit` (RK_TOO_LARGE) is reported in `storage`, while the rest of the
/// data set is still read and dropped, so that the association survives; the return value tells about the association.
RK_EXPORT rk_status rk_connection_receive_data_set(rk_connection *_Nonnull connection, rk_spool *_Nullable spool,
                                                   uint64_t limit, rk_status *_Nonnull storage);
/// Writes a response message without a data set. Blocks.
RK_EXPORT rk_status rk_connection_respond(rk_connection *_Nonnull connection, const rk_response *_Nonnull response);
/// Answers A-RELEASE-RQ and closes. Blocks for up to 2 s.
RK_EXPORT void rk_connection_release(rk_connection *_Nonnull connection);
/// Sends A-ABORT (source 0: we as user, 2: the protocol was broken; reason by PS3.8 9.3.8) and closes. Blocks for up to 1 s.
RK_EXPORT void rk_connection_abort(rk_connection *_Nonnull connection, uint8_t source, uint8_t reason);
/// Closes what is still open.
RK_EXPORT void rk_connection_free(rk_connection *_Nullable connection);

// ---- image ----

/// What a frame's stored values are (PS3.3 C.7.6.3), as the data set says.
typedef struct {
  uint16_t rows, columns, samples_per_pixel, bits_allocated, bits_stored, high_bit;
  bool is_signed;
  char photometric[20];  // code string of Photometric Interpretation
} rk_image_format;

enum {
  RK_IMAGE_OK = 0,
  RK_IMAGE_UNSUPPORTED = 1,  // no decoder for this transfer syntax
  RK_IMAGE_DAMAGED = 2,      // the decoder refused the bytes, or they are not what the data set says
  RK_IMAGE_NO_MEMORY = 3,
  RK_IMAGE_IO = 4,           // a file could not be read or written
};

/// Whether `rk_image_decode` has a decoder for a transfer syntax UID.
RK_EXPORT bool rk_image_can_decode(const char *transfer_syntax);

/// Decodes one encapsulated frame (its fragments joined) of RLE, JPEG or deflate into `frame`: stored values, host byte order,
/// colour by pixel; one-bit frames stay packed. `frame_length` must be what `format` implies. On success `format->photometric`
/// says what the decoded samples are. Blocks (processor time); any thread.
RK_EXPORT rk_status rk_image_decode(const char *transfer_syntax, rk_image_format *format, const uint8_t *data, size_t length,
                                    uint8_t *frame, size_t frame_length);

/// Colour by plane to colour by pixel.
RK_EXPORT void rk_image_interleave(const uint8_t *planes, size_t pixels, size_t samples, size_t bytes_per_sample, uint8_t *out);

/// Copies `count` bytes from byte `first` of a value of `length` bytes, the bytes of each word reversed. Words are counted from the
/// value's begin; a last word that is cut off reads as if zeros followed.
RK_EXPORT void rk_image_swap(const void *value, size_t length, size_t first, size_t count, size_t word_size, uint8_t *out);

/// Rewrites a whole file in another transfer syntax (one that DCMTK can write without an encoder). Attributes that describe
/// the pixels follow the decoded pixels; the others stay. Blocks (disk, processor time); any thread.
RK_EXPORT rk_status rk_image_transcode(const char *path, const char *transfer_syntax, const char *output);

#ifdef __cplusplus
}
#endif
