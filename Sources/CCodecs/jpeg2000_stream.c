#include "jpeg2000_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// One buffer of OpenJPEG's own lies between it and ours; a megabyte, its default, is more than most frames have.
enum { SOURCE_BUFFER = 16384, SINK_BUFFER = 65536 };

static const uint8_t end_of_codestream[2] = {0xff, 0xd9};

static size_t total(const cc_j2k_source *source) { return source->length + (source->ends_codestream ? 2 : 0); }

static OPJ_SIZE_T read_source(void *buffer, OPJ_SIZE_T count, void *user) {
  cc_j2k_source *source = user;
  uint8_t *out = buffer;
  if (source->position >= total(source)) return (OPJ_SIZE_T)-1;
  OPJ_SIZE_T done = 0;
  if (source->position < source->length) {
    size_t rest = source->length - source->position;
    done = count < rest ? count : rest;
    memcpy(out, source->data + source->position, done);
    source->position += done;
  }
  while (done < count && source->position < total(source))
    out[done++] = end_of_codestream[source->position++ - source->length];
  return done;
}

static OPJ_OFF_T skip_source(OPJ_OFF_T count, void *user) {
  cc_j2k_source *source = user;
  if (count < 0) return -1;
  size_t rest = total(source) - source->position;
  size_t step = (uint64_t)count < rest ? (size_t)count : rest;
  source->position += step;
  // A skip past the end must say so, or OpenJPEG reads the same bytes for ever.
  return step == 0 && count > 0 ? -1 : (OPJ_OFF_T)step;
}

static OPJ_BOOL seek_source(OPJ_OFF_T position, void *user) {
  cc_j2k_source *source = user;
  if (position < 0 || (uint64_t)position > total(source)) return OPJ_FALSE;
  source->position = (size_t)position;
  return OPJ_TRUE;
}

static bool reserve(cc_j2k_sink *sink, size_t length) {
  if (length <= sink->capacity) return true;
  if (length > sink->limit) return false;
  size_t capacity = sink->capacity + sink->capacity / 2;
  if (capacity < length) capacity = length;
  if (capacity < 65536) capacity = 65536;
  if (capacity > sink->limit) capacity = sink->limit;
  uint8_t *data = realloc(sink->data, capacity);
  if (!data) return false;
  sink->data = data;
  sink->capacity = capacity;
  return true;
}

static OPJ_SIZE_T write_sink(void *buffer, OPJ_SIZE_T count, void *user) {
  cc_j2k_sink *sink = user;
  if (count > sink->limit || sink->position > sink->limit - count || !reserve(sink, sink->position + count))
    return (OPJ_SIZE_T)-1;
  if (sink->position > sink->length) memset(sink->data + sink->length, 0, sink->position - sink->length);
  memcpy(sink->data + sink->position, buffer, count);
  sink->position += count;
  if (sink->length < sink->position) sink->length = sink->position;
  return count;
}

static OPJ_OFF_T skip_sink(OPJ_OFF_T count, void *user) {
  cc_j2k_sink *sink = user;
  if (count < 0 || (uint64_t)count > sink->limit - sink->position) return -1;
  sink->position += (size_t)count;
  return count;
}

static OPJ_BOOL seek_sink(OPJ_OFF_T position, void *user) {
  cc_j2k_sink *sink = user;
  if (position < 0 || (uint64_t)position > sink->length) return OPJ_FALSE;
  sink->position = (size_t)position;
  return OPJ_TRUE;
}

opj_stream_t *cc_j2k_open_source(cc_j2k_source *source) {
  opj_stream_t *stream = opj_stream_create(SOURCE_BUFFER, OPJ_TRUE);
  if (!stream) return NULL;
  opj_stream_set_user_data(stream, source, NULL);
  opj_stream_set_user_data_length(stream, total(source));
  opj_stream_set_read_function(stream, read_source);
  opj_stream_set_skip_function(stream, skip_source);
  opj_stream_set_seek_function(stream, seek_source);
  return stream;
}

opj_stream_t *cc_j2k_open_sink(cc_j2k_sink *sink) {
  opj_stream_t *stream = opj_stream_create(SINK_BUFFER, OPJ_FALSE);
  if (!stream) return NULL;
  opj_stream_set_user_data(stream, sink, NULL);
  opj_stream_set_write_function(stream, write_sink);
  opj_stream_set_skip_function(stream, skip_sink);
  opj_stream_set_seek_function(stream, seek_sink);
  return stream;
}

static void on_error(const char *text, void *user) {
  cc_j2k_messages *messages = user;
  if (messages->text[0]) return;
  snprintf(messages->text, sizeof messages->text, "%s", text);
  size_t length = strlen(messages->text);
  while (length && (unsigned char)messages->text[length - 1] <= ' ') messages->text[--length] = 0;
}

static void on_other(const char *text, void *user) {
  (void)text;
  (void)user;
}

void cc_j2k_listen(opj_codec_t *codec, cc_j2k_messages *messages) {
  messages->text[0] = 0;
  opj_set_error_handler(codec, on_error, messages);
  opj_set_warning_handler(codec, on_other, NULL);
  opj_set_info_handler(codec, on_other, NULL);
}

cc_status cc_j2k_failure(int32_t code, const char *what, const cc_j2k_messages *messages) {
  cc_status status = {code, ""};
  if (messages && messages->text[0])
    snprintf(status.text, sizeof status.text, "%s: %s", what, messages->text);
  else
    snprintf(status.text, sizeof status.text, "%s", what);
  return status;
}
