#pragma once

// The one C header over the codec libraries, and the loops over pixels: plain C, so that a debug build decodes and renders
// at the speed of a release build. No codec type crosses it; every length is checked before memory is touched.
// Only the Swift room `Imaging` imports it.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CC_EXPORT __attribute__((visibility("default")))

/// What a call came to: `code` 0 is success; `text` says what was tried and what the library said.
typedef struct {
  int32_t code;
  char text[200];
} cc_status;

/// Bytes made by an encoder. Given back with `cc_bytes_free`.
typedef struct {
  uint8_t *data;
  size_t length;
} cc_bytes;

CC_EXPORT void cc_bytes_free(cc_bytes *bytes);

// ---- stored values ----

/// How a stored word becomes a top-aligned offset-binary 16-bit value: `((word << shift) & mask) ^ flip`.
///
/// Whatever lies above the high bit (overlays) is shifted out, what lies below the stored bits is masked, and the sign bit is
/// flipped, so that order and averages of the result are those of the real values.
typedef struct {
  uint8_t bits_allocated;  // 8 or 16
  uint8_t shift;
  uint16_t mask;
  uint16_t flip;
} cc_stored;

/// Looks each of `count` stored words up in a table of 65,536 (allocated 16) or 256 (allocated 8) entries of 8 bits.
///
/// The table is indexed by the aligned value (allocated 16) or by the stored byte itself (allocated 8).
CC_EXPORT void cc_map(const void *words, size_t count, cc_stored stored, const uint8_t *table, uint8_t *out);

/// Looks aligned values up.
CC_EXPORT void cc_map_aligned(const uint16_t *values, size_t count, const uint8_t *table, uint8_t *out);

/// The same with entries of 16 bits.
CC_EXPORT void cc_map16(const void *words, size_t count, cc_stored stored, const uint16_t *table, uint16_t *out);
CC_EXPORT void cc_map_aligned16(const uint16_t *values, size_t count, const uint16_t *table, uint16_t *out);

/// Aligned values of `count` stored words.
CC_EXPORT void cc_align(const void *words, size_t count, cc_stored stored, uint16_t *out);

/// Adds every `step`-th aligned value to `histogram` (65,536 counters).
CC_EXPORT void cc_histogram(const void *words, size_t count, size_t step, cc_stored stored, uint32_t *histogram);

/// What the numbers of `cc_align_wide` are.
enum { CC_UINT32 = 0, CC_INT32 = 1, CC_FLOAT = 2, CC_DOUBLE = 3 };

/// Least and greatest finite number, padding values left out. False when there is none.
CC_EXPORT bool cc_range_wide(const void *numbers, size_t count, int kind, bool has_padding, double padding_low,
                             double padding_high, double *low, double *high);

/// Maps numbers linearly from `low`…`high` to 0…65,535; outside is clipped, what is no number becomes 0.
CC_EXPORT void cc_align_wide(const void *numbers, size_t count, int kind, double low, double high, uint16_t *out);

/// Unpacks `count` pixels of one bit (least significant first) that begin at bit `first` into bytes 0 and 1.
CC_EXPORT void cc_unpack_bits(const uint8_t *packed, size_t first, size_t count, uint8_t *out);

// ---- encoders ----

/// Where the rows of a picture of 8 bits a sample come from.
typedef struct {
  const void *start;     // of the first row
  size_t stride;         // bytes from the start of one row to that of the next
  const uint8_t *table;  // null: rows hold the samples; else stored words of a grey frame, looked up as `cc_map` does
  cc_stored stored;      // how; of no meaning without a table
} cc_rows;

/// JPEG baseline of `channels` 1 (grey) or 3 (RGB, by pixel). `full_chroma` keeps colour at full resolution (4:4:4), else 4:2:0.
///
/// `striped`: a picture of a megapixel and more is cut into strips of rows, each a restart interval, and up to `threads` threads (this one
/// among them) look words up and encode. The bytes are the same for any number of threads, and the pixels the same as without strips.
/// Blocks (processor time); any thread.
CC_EXPORT cc_status cc_jpeg_encode(const cc_rows *rows, int width, int height, int channels, int quality, bool full_chroma,
                                   bool striped, unsigned threads, cc_bytes *out);

/// PNG of `channels` 1 or 3 with 8 or 16 bits a sample (16: host byte order). `profile` is an ICC profile to embed, or null; one that
/// libpng does not take is left out.
CC_EXPORT cc_status cc_png_encode(const void *pixels, int width, int height, int channels, int bits, const uint8_t *profile,
                                  size_t profile_length, cc_bytes *out);

// ---- tables ----

enum { CC_VOI_LINEAR = 0, CC_VOI_LINEAR_EXACT = 1, CC_VOI_SIGMOID = 2 };

/// Fills a table of `count` entries whose entry i stands for the value `first + i * step` with the 8-bit result of a VOI window
/// (PS3.3 C.11.2.1.2 and C.11.2.1.3).
CC_EXPORT void cc_window_table(uint8_t *table, size_t count, double first, double step, double center, double width,
                               int function, bool invert);

/// The same with results of 16 bits.
CC_EXPORT void cc_window_table16(uint16_t *table, size_t count, double first, double step, double center, double width,
                                 int function, bool invert);

// ---- overlays ----

/// Sets the pixels of a mask (a byte each) that the bits of an overlay plane set. Bit `first` of `packed`, least significant first, is the
/// plane's corner, which lies at `top`, `left` of the mask, from 0; what lies outside of either is left out.
CC_EXPORT void cc_overlay_bits(const uint8_t *packed, size_t length, uint64_t first, int rows, int columns, int top, int left,
                               uint8_t *mask, int mask_rows, int mask_columns);

/// Sets the pixels of a mask whose stored word, of 8 or 16 bits, has the bit `position`.
CC_EXPORT void cc_overlay_embedded(const void *words, size_t count, int bits_allocated, int position, uint8_t *mask);

/// Which pixels of a picture lie on set ones of the mask's region: where it shrinks no line is lost, where it grows edges stay sharp.
/// Returns whether there are any.
CC_EXPORT bool cc_overlay_cover(const uint8_t *mask, int mask_columns, int x, int y, int width, int height, uint8_t *out,
                                int out_width, int out_height);

/// Gives the covered ones of `count` pixels of `bytes` bytes a colour.
CC_EXPORT void cc_overlay_paint(const uint8_t *cover, size_t count, int bytes, const uint8_t *colour, uint8_t *pixels);

// ---- colour ----

/// 8-bit samples of `bytes_per_sample` 1, 2 or 4 little endian: the top eight of the stored bits.
CC_EXPORT void cc_narrow(const void *samples, size_t count, int bytes_per_sample, int bits_stored, uint8_t *out);

/// YBR_FULL (PS3.3 C.7.6.3.1.2) to RGB, in place allowed.
CC_EXPORT void cc_ybr_full_to_rgb(const uint8_t *ybr, size_t pixels, uint8_t *rgb);
/// YBR_PARTIAL to RGB (ITU-R BT.601 with 16…235), in place allowed.
CC_EXPORT void cc_ybr_partial_to_rgb(const uint8_t *ybr, size_t pixels, uint8_t *rgb);
/// Y Y B R for two pixels (YBR_FULL_422, YBR_PARTIAL_422) to Y B R by pixel. `columns` must be even.
CC_EXPORT void cc_expand_422(const uint8_t *packed, size_t pixels, uint8_t *ybr);

/// Colour by pixel to colour by plane.
CC_EXPORT void cc_planes(const uint8_t *pixels, size_t count, size_t samples, size_t bytes_per_sample, uint8_t *out);

/// Palette: aligned index word to RGB. `table` holds `entries` × 3 bytes; indices below `first` take the first, past the end the last.
CC_EXPORT void cc_palette(const void *words, size_t count, int bits_allocated, bool is_signed, int bits_stored, int32_t first,
                          const uint8_t *table, size_t entries, uint8_t *rgb);

/// Grey as three equal samples.
CC_EXPORT void cc_grey_to_rgb(const uint8_t *grey, size_t count, uint8_t *rgb);

// ---- size ----

/// Scales 8-bit pixels: area average where it shrinks, bilinear where it grows. `stride` is in samples. False when memory runs out.
CC_EXPORT bool cc_scale8(const uint8_t *pixels, size_t stride, int width, int height, int channels, uint8_t *out, int out_width,
                         int out_height);

/// Scales stored words (one sample a pixel, 8 or 16 allocated) to aligned values. `stride` is in words.
CC_EXPORT bool cc_scale_stored(const void *words, size_t stride, int width, int height, cc_stored stored, uint16_t *out,
                               int out_width, int out_height);

/// A part of a picture, in fractions of its pixels; its edges may lie a little outside.
typedef struct {
  double left, top, width, height;
} cc_part;

/// The same of a part only: what lies outside the pixels is as their edge is.
CC_EXPORT bool cc_scale8_part(const uint8_t *pixels, size_t stride, int width, int height, int channels, cc_part part,
                              uint8_t *out, int out_width, int out_height);
CC_EXPORT bool cc_scale_stored_part(const void *words, size_t stride, int width, int height, cc_stored stored, cc_part part,
                                    uint16_t *out, int out_width, int out_height);

/// Mirrors rows and/or columns in place.
CC_EXPORT void cc_flip(uint8_t *pixels, int width, int height, int channels, bool horizontally, bool vertically);

// ---- measures ----

/// How two frames of equal format differ, in aligned values (see `cc_stored`).
typedef struct {
  uint64_t squares;   // sum of the squared differences; exact up to 4 thousand million samples
  uint64_t differing; // samples that differ at all
  uint16_t greatest;  // greatest absolute difference
} cc_difference;

/// Compares `count` stored words.
CC_EXPORT cc_difference cc_compare(const void *a, const void *b, size_t count, cc_stored stored);

/// Least and greatest aligned value of `count` > 0 stored words.
CC_EXPORT void cc_extent(const void *words, size_t count, cc_stored stored, uint16_t *low, uint16_t *high);

/// Mean structural similarity of two frames of `components` samples a pixel, as Wang, Bovik, Sheikh and Simoncelli defined it (IEEE
/// Transactions on Image Processing 13(4), 2004): Gaussian window of 11 x 11 with a standard deviation of 1.5, K1 = 0.01, K2 = 0.03,
/// over every window that lies inside the frame; along a side shorter than 11 the window is cut off instead. The mean over the
/// components is returned in `ssim`. `range` is L, the range of the values, in aligned values. False when memory runs out.
CC_EXPORT bool cc_ssim(const void *a, const void *b, size_t width, size_t height, size_t components, cc_stored stored,
                       double range, double *ssim);

// ---- gzip, for JSON on its way to clients that ask for it ----

/// Compresses `length` bytes into one gzip member (RFC 1952). `level` is zlib's, 1 (fast) to 9.
CC_EXPORT cc_status cc_gzip(const void *bytes, size_t length, int level, cc_bytes *out);

// ---- zstd and CRC-32, for what travels over the link ----

/// Compresses `length` bytes into one zstd frame (RFC 8878). `level` is zstd's, 1 (fast) to 22.
CC_EXPORT cc_status cc_zstd(const void *bytes, size_t length, int level, cc_bytes *out);

/// Unpacks exactly one zstd frame of at most `limit` bytes. Fails for more (code 6), for anything damaged or cut short, for bytes behind
/// the frame, and for frames that want a window above 8 MiB; memory grows with what is really unpacked.
CC_EXPORT cc_status cc_unzstd(const void *bytes, size_t length, size_t limit, cc_bytes *out);

/// CRC-32 as in gzip, PNG and Ethernet (polynomial 0xEDB88320, reflected).
CC_EXPORT uint32_t cc_crc32(const void *bytes, size_t length);

// ---- worker process ----

/// The descriptor on which a worker talks with the process that started it.
enum { CC_WORKER_SOCKET = 3 };

/// Starts `executable argument` as a worker: its end of a new socket pair is descriptor 3, input and output are /dev/null, no other
/// descriptor but the error output is inherited, signals are as at the start of a program, and of the environment only what
/// finds libraries goes along. The worker dies with the thread that calls this. Returns 0 or an errno.
CC_EXPORT int cc_worker_start(const char *executable, const char *argument, int *socket, int *process);

/// Confines this process, a worker that decodes foreign input: dies with the thread that started it, gains no privilege,
/// dumps no core, has at most `memory` bytes of data and few descriptors, opens no socket and starts no program.
/// Returns 0, or the errno of the step that failed. Under AddressSanitizer the memory limit is left out.
CC_EXPORT int cc_worker_confine(uint64_t memory);

/// Allows this process `seconds` of processor time from now on; then the kernel ends it.
CC_EXPORT void cc_worker_limit_cpu(unsigned seconds);

// ---- jpeg2000 ----

enum {
  CC_J2K_OK = 0,
  CC_J2K_UNSUPPORTED = 1,   // not a format that this call serves
  CC_J2K_DAMAGED = 2,       // the bytes are not what they claim
  CC_J2K_NO_MEMORY = 3,
  CC_J2K_TOO_LARGE = 4,     // beyond the caller's limit
  CC_J2K_DOES_NOT_FIT = 5,  // a sample needs more bits than the caller said
  CC_J2K_FAILED = 6,        // the library failed on input that should be good
};

/// Targets of layers that `cc_j2k_encode` takes at most.
enum { CC_J2K_MOST_TARGETS = 15 };

/// Words to encode: by pixel, host byte order, at any address.
typedef struct {
  uint32_t width, height;  // 1 … 32,768
  uint8_t components;      // 1 or 3
  uint8_t bits_allocated;  // 8 or 16: a word
  uint8_t precision;       // bits that are coded; words must be their zero or sign extension
  bool is_signed;
  bool color_transform;    // the reversible one, for three components
} cc_j2k_samples;

/// Encodes one frame as a lossless JPEG 2000 codestream whose layers are prefixes: 5/3 reversible, LRCP, one tile, one tile-part a
/// layer, TLM marker. `targets` are the wanted lengths in bytes of the prefixes, ascending; those beyond the raw size are left out,
/// and the lossless layer follows the last. `ends` (room for `target_count` + 1) receives where each layer's tile-part ends; the last
/// end is the codestream's. Takes 4 to 8 bytes of memory a sample. Blocks (processor time); any thread.
CC_EXPORT cc_status cc_j2k_encode(const void *pixels, size_t length, const cc_j2k_samples *samples, const uint32_t *targets,
                                  size_t target_count, unsigned threads, cc_bytes *out, uint64_t *ends, size_t *layers);

/// What the main header of a codestream says, bare or in a JP2 file.
typedef struct {
  size_t codestream_offset, codestream_length;  // within the bytes given
  uint32_t x0, y0, width, height;               // on the reference grid
  uint32_t tiles;
  uint32_t colour_space;   // EnumCS of a JP2 colour box: 16 sRGB, 17 grey, 18 sYCC; 0 when there is none
  uint16_t components, layers;
  uint8_t precision;       // of the first component
  uint8_t decompositions;  // `reduce` may be 0 to this
  bool is_signed;          // of the first component
  bool is_uniform;         // all components have the precision and sign of the first
  bool is_subsampled;
  bool is_reversible;
  bool has_color_transform;  // RCT or ICT: it is undone while decoding
  bool is_high_throughput;
} cc_j2k_info;

/// Reads the main header. Allocates nothing, reads nothing outside.
CC_EXPORT cc_status cc_j2k_inspect(const uint8_t *data, size_t length, cc_j2k_info *info);

/// Size of the picture that `reduce` halvings give.
CC_EXPORT uint32_t cc_j2k_reduced_width(const cc_j2k_info *info, unsigned reduce);
CC_EXPORT uint32_t cc_j2k_reduced_height(const cc_j2k_info *info, unsigned reduce);

/// What is wanted of a codestream.
typedef struct {
  bool is_prefix;          // `data` ends exactly at a tile-part's end, and more tile-parts were announced
  uint8_t reduce;          // halvings
  uint8_t components;      // as many as the codestream must have, 1 to 4
  uint8_t bits_allocated;  // 8, 16 or 32: a word of the result
  bool is_signed;          // words are sign extended from the coded bits, else zero extended
  unsigned threads;        // 0 or 1: this one
  uint64_t most_samples;   // of the whole picture, before it is reduced
} cc_j2k_request;

/// Decodes JPEG 2000 and HTJ2K to words by pixel; subsampled components are repeated, colour transforms undone, JP2 boxes but the
/// codestream ignored. `out_length` must be the reduced width × height × components × bytes a word. The header is checked against
/// the limits before the library sees a byte. Damaged input is an error; input made to keep a decoder busy may take long, so foreign
/// codestreams belong into a process with a time limit. Blocks (processor time); any thread.
CC_EXPORT cc_status cc_j2k_decode(const uint8_t *data, size_t length, const cc_j2k_request *request, void *out,
                                  size_t out_length);

// ---- jpegxl ----

/// What the header of a JPEG XL image says.
typedef struct {
  uint32_t width, height;
  uint8_t components;  // 1 grey, 3 colour; alpha and other extra channels are not counted
  uint8_t precision;
  bool is_float;
} cc_jxl_info;

/// Reads the header; the codes are those of `cc_j2k_inspect`.
CC_EXPORT cc_status cc_jxl_inspect(const uint8_t *data, size_t length, cc_jxl_info *info);

/// What is wanted of a JPEG XL image.
typedef struct {
  uint32_t width, height;  // as the image must have
  uint8_t components;      // 1 or 3, as the image must have
  uint8_t bits_allocated;  // 8 or 16
  bool is_signed;          // words are sign extended from the coded bits, else zero extended
} cc_jxl_request;

/// Decodes the first frame of a JPEG XL image (codestream or boxes) to words by pixel, extra channels left out, in the orientation in
/// which it was coded. Colour comes out as RGB. Blocks (processor time); any thread.
CC_EXPORT cc_status cc_jxl_decode(const uint8_t *data, size_t length, const cc_jxl_request *request, void *out,
                                  size_t out_length);

// ---- jpegls, jpeg lossless, rle ----

/// Words by pixel, host byte order, at any address.
typedef struct {
  uint32_t width, height;
  uint8_t components;      // 1 or 3
  uint8_t bits_allocated;  // 8 or 16; RLE: 32, too
  bool is_signed;          // decoded words are sign extended from the coded bits, else zero extended
} cc_jls_samples;

/// Decodes a JPEG-LS codestream, which must have this size and number of components, to words by pixel. The codes are those of
/// `cc_j2k_inspect`. Blocks (processor time); any thread.
CC_EXPORT cc_status cc_jls_decode(const uint8_t *data, size_t length, const cc_jls_samples *samples, void *out,
                                  size_t out_length);

/// Encodes words as JPEG-LS lossless, three components line by line. `precision`: bits coded of every word, 2 to 8 of 8 and 9 to 16 of 16;
/// nothing may be set above them. The length is even. Blocks (processor time); any thread.
CC_EXPORT cc_status cc_jls_encode(const void *words, size_t length, const cc_jls_samples *samples, unsigned precision,
                                  cc_bytes *out);

/// Encodes words as JPEG lossless, Huffman, selection value 1 (T.81 process 14). `precision` as for JPEG-LS; three components are
/// coded as they are. Blocks (processor time); any thread.
CC_EXPORT cc_status cc_jpeg_lossless_encode(const void *words, size_t length, const cc_jls_samples *samples, unsigned precision,
                                            cc_bytes *out);

/// Encodes words as one frame of RLE (PS3.5 annex G). Any thread.
CC_EXPORT cc_status cc_rle_encode(const void *words, size_t length, const cc_jls_samples *samples, cc_bytes *out);

/// Whether every one of `count` words of 8 or 16 bits is the zero extension, or the sign extension, of its lowest `bits`.
CC_EXPORT bool cc_is_extended(const void *words, size_t count, int bits_allocated, int bits, bool is_signed);

#ifdef __cplusplus
}
#endif
