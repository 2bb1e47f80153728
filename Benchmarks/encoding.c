// Encodes frames with the house's own function, and with OpenJPEG and nothing else at the same parameters, in turns.
//
//   encoding ROUNDS LAYERS COLUMNS ROWS BITS SIGNED FILE…     LAYERS as 4096,12288,…; FILE: 16-bit little-endian samples
//
// Prints for each file the shortest processor time of a frame in milliseconds, ours and theirs, and the lengths of the codestreams.
// Built with Sources/CCodecs/jpeg2000_*.c and bytes.c.
#include <openjpeg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ccodecs.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

typedef struct {
  unsigned char *data;
  size_t length, capacity, position;
} sink;

static OPJ_SIZE_T put(void *bytes, OPJ_SIZE_T count, void *user) {
  sink *s = user;
  if (s->position + count > s->capacity) return (OPJ_SIZE_T)-1;
  memcpy(s->data + s->position, bytes, count);
  s->position += count;
  if (s->length < s->position) s->length = s->position;
  return count;
}
static OPJ_OFF_T skip(OPJ_OFF_T count, void *user) {
  ((sink *)user)->position += (size_t)count;
  return count;
}
static OPJ_BOOL seek(OPJ_OFF_T position, void *user) {
  ((sink *)user)->position = (size_t)position;
  return OPJ_TRUE;
}

int main(int count, char **arguments) {
  if (count < 8) return 2;
  int rounds = atoi(arguments[1]), width = atoi(arguments[3]), height = atoi(arguments[4]), bits = atoi(arguments[5]);
  int is_signed = atoi(arguments[6]);
  size_t pixels = (size_t)width * height;
  short *words = malloc(pixels * 2);
  sink out = {malloc(pixels * 4 + 65536), 0, pixels * 4 + 65536, 0};
  for (int file = 7; file < count; file++) {
    FILE *f = fopen(arguments[file], "rb");
    if (!f || fread(words, 2, pixels, f) != pixels) return 1;
    fclose(f);
    double best = 1e99, ours = 1e99;
    size_t our_length = 0;
    for (int round = 0; round < rounds; round++) {
      cc_j2k_samples samples = {(uint32_t)width, (uint32_t)height, 1, 16, (uint8_t)bits, is_signed != 0, false};
      uint32_t targets[CC_J2K_MOST_TARGETS];
      size_t target_count = 0, layer_count;
      for (char *at = arguments[2]; *at && target_count < CC_J2K_MOST_TARGETS; at += *at == ',')
        targets[target_count++] = (uint32_t)strtoul(at, &at, 10);
      uint64_t ends[CC_J2K_MOST_TARGETS + 1];
      cc_bytes encoded;
      double start = now();
      if (cc_j2k_encode(words, pixels * 2, &samples, targets, target_count, 1, &encoded, ends, &layer_count).code) return 1;
      double took = now() - start;
      if (took < ours) ours = took;
      our_length = encoded.length;
      cc_bytes_free(&encoded);

      start = now();
      opj_cparameters_t p;
      opj_set_default_encoder_parameters(&p);
      p.prog_order = OPJ_LRCP;
      p.cp_disto_alloc = 1;
      p.tp_on = 1;
      p.tp_flag = 'L';
      char layers[200], *rest = layers;
      snprintf(layers, sizeof layers, "%s", arguments[2]);
      double raw = (double)pixels * bits / 8;
      for (char *one; (one = strsep(&rest, ",")) != NULL;)
        if (atof(one) < raw) p.tcp_rates[p.tcp_numlayers++] = (float)(raw / atof(one));
      p.tcp_rates[p.tcp_numlayers++] = 1;
      opj_image_cmptparm_t c = {.dx = 1, .dy = 1, .w = (OPJ_UINT32)width, .h = (OPJ_UINT32)height, .prec = (OPJ_UINT32)bits,
                                .sgnd = (OPJ_UINT32)is_signed};
      opj_image_t *image = opj_image_create(1, &c, OPJ_CLRSPC_GRAY);
      image->x1 = (OPJ_UINT32)width;
      image->y1 = (OPJ_UINT32)height;
      for (size_t i = 0; i < pixels; i++) image->comps[0].data[i] = is_signed ? words[i] : (unsigned short)words[i];
      opj_codec_t *codec = opj_create_compress(OPJ_CODEC_J2K);
      const char *options[] = {"TLM=YES", NULL};
      out.length = out.position = 0;
      opj_stream_t *stream = opj_stream_create(65536, OPJ_FALSE);
      opj_stream_set_user_data(stream, &out, NULL);
      opj_stream_set_write_function(stream, put);
      opj_stream_set_skip_function(stream, skip);
      opj_stream_set_seek_function(stream, seek);
      if (!opj_setup_encoder(codec, &p, image) || !opj_encoder_set_extra_options(codec, options) ||
          !opj_start_compress(codec, image, stream) || !opj_encode(codec, stream) || !opj_end_compress(codec, stream))
        return 1;
      opj_stream_destroy(stream);
      opj_destroy_codec(codec);
      opj_image_destroy(image);
      took = now() - start;
      if (took < best) best = took;
    }
    printf("%.3f %.3f %zu %zu\n", ours, best, our_length, out.length);
  }
  return 0;
}
