#pragma once

// Memory as a stream of OpenJPEG, and its messages as status values. Internal to CCodecs.

#include <openjpeg-2.5/openjpeg.h>

#include "ccodecs.h"

/// What is read: `length` bytes and behind them an end-of-codestream marker if `ends_codestream` says so, which makes a prefix a
/// codestream without copying it.
typedef struct {
  const uint8_t *data;
  size_t length;
  bool ends_codestream;
  size_t position;
} cc_j2k_source;

/// What is written: grows by half, refuses past `limit`.
typedef struct {
  uint8_t *data;
  size_t length, capacity, limit, position;
} cc_j2k_sink;

/// The first error that OpenJPEG reports, for the status text.
typedef struct {
  char text[160];
} cc_j2k_messages;

opj_stream_t *cc_j2k_open_source(cc_j2k_source *source);
opj_stream_t *cc_j2k_open_sink(cc_j2k_sink *sink);
void cc_j2k_listen(opj_codec_t *codec, cc_j2k_messages *messages);
cc_status cc_j2k_failure(int32_t code, const char *what, const cc_j2k_messages *messages);
