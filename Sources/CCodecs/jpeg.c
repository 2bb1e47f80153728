#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "ccodecs.h"

// A large picture is encoded in strips of rows, each of which is one restart interval (T.81 section E.1.4): a decoder begins anew behind
// a restart marker, so strips know nothing of one another and may be made on several threads. How a picture is cut depends on its size
// alone, never on the threads: the bytes are the same.

enum {
  STRIPED_PIXELS = 1 << 20,  // smaller pictures take a millisecond: nothing to share
  STRIP_ROWS = 128,
  LONGEST_INTERVAL = 65535,  // MCUs; DRI has 16 bits
  MOST_THREADS = 16,
};

typedef struct {
  uint8_t *data;
  size_t length;
} piece;

typedef struct {
  const cc_rows *rows;
  int width, height, channels, quality, sampling;
  int strip_rows, strips;
  piece *pieces;
  atomic_int next, failed;
  char text[200];  // written by the one that failed first
} job;

static cc_status jpeg_failure(const char *what, const char *why) {
  cc_status status = {1, ""};
  snprintf(status.text, sizeof status.text, "%.40s: %.150s", what, why);
  return status;
}

static void note_failure(job *job, const char *why) {
  if (!atomic_exchange(&job->failed, 1)) snprintf(job->text, sizeof job->text, "%s", why);
}

/// Encodes rows from `first` on as a JPEG of its own. `scratch` has room for their samples where they are looked up.
static bool encode_rows(tjhandle compressor, job *job, int first, int count, uint8_t *scratch, uint8_t *data, size_t *length) {
  const cc_rows *rows = job->rows;
  const uint8_t *pixels = (const uint8_t *)rows->start + rows->stride * (size_t)first;
  int pitch = (int)rows->stride;
  if (rows->table) {
    for (int y = 0; y < count; y++)
      cc_map(pixels + rows->stride * (size_t)y, (size_t)job->width, rows->stored, rows->table, scratch + (size_t)y * (size_t)job->width);
    pixels = scratch;
    pitch = job->width;
  }
  unsigned long capacity = *length;
  if (tjCompress2(compressor, pixels, job->width, pitch, count, job->channels == 1 ? TJPF_GRAY : TJPF_RGB, &data, &capacity,
                  job->sampling, job->quality, TJFLAG_NOREALLOC))
    return false;
  *length = capacity;
  return true;
}

/// Where the segment of a marker begins in the header of a JPEG that we made; 0 when it is not there.
static size_t segment(const uint8_t *data, size_t length, uint8_t marker) {
  size_t at = 2;
  while (at + 4 <= length && data[at] == 0xff) {
    if (data[at + 1] == marker) return at;
    if (data[at + 1] == 0xda) break;
    at += 2 + ((size_t)data[at + 2] << 8 | data[at + 3]);
  }
  return 0;
}

static size_t scan_start(const uint8_t *data, size_t length) {
  size_t at = segment(data, length, 0xda);
  return at ? at + 2 + ((size_t)data[at + 2] << 8 | data[at + 3]) : 0;
}

/// Takes strips until there are none left: the life of a thread.
static void *encode_strips(void *argument) {
  job *job = argument;
  size_t room = tjBufSize(job->width, job->strip_rows, job->sampling);
  tjhandle compressor = tjInitCompress();
  uint8_t *data = malloc(room);
  uint8_t *scratch = job->rows->table ? malloc((size_t)job->width * (size_t)job->strip_rows) : NULL;
  if (!compressor || !data || (job->rows->table && !scratch)) note_failure(job, "out of memory");
  while (!atomic_load(&job->failed)) {
    int index = atomic_fetch_add(&job->next, 1);
    if (index >= job->strips) break;
    int first = index * job->strip_rows;
    int count = job->height - first < job->strip_rows ? job->height - first : job->strip_rows;
    size_t length = room;
    if (!encode_rows(compressor, job, first, count, scratch, data, &length)) {
      note_failure(job, tjGetErrorStr2(compressor));
      break;
    }
    // The first strip's header becomes that of the whole; of the others only what is between header and end is wanted.
    size_t start = index ? scan_start(data, length) : 0;
    if (length < start + 2 || (index && !start)) {
      note_failure(job, "a strip without a scan");
      break;
    }
    piece *piece = &job->pieces[index];
    piece->length = length - 2 - start;
    piece->data = malloc(piece->length ? piece->length : 1);
    if (!piece->data) {
      note_failure(job, "out of memory");
      break;
    }
    memcpy(piece->data, data + start, piece->length);
  }
  free(scratch);
  free(data);
  if (compressor) tjDestroy(compressor);
  return NULL;
}

/// One JPEG of all strips.
static bool join(job *job, cc_bytes *out) {
  enum { DRI_LENGTH = 6, MARKER_LENGTH = 2 };
  uint8_t *first = job->pieces[0].data;
  size_t frame = segment(first, job->pieces[0].length, 0xc0), scan = segment(first, job->pieces[0].length, 0xda);
  if (!frame || !scan || frame > scan) return false;
  size_t length = DRI_LENGTH;
  for (int i = 0; i < job->strips; i++) length += job->pieces[i].length + MARKER_LENGTH;
  uint8_t *data = malloc(length), *to = data;
  if (!data) return false;
  first[frame + 5] = (uint8_t)(job->height >> 8);
  first[frame + 6] = (uint8_t)job->height;
  memcpy(to, first, scan);
  to += scan;
  int side = job->sampling == TJSAMP_420 ? 16 : 8;
  int interval = (job->width + side - 1) / side * (job->strip_rows / side);
  const uint8_t restart[DRI_LENGTH] = {0xff, 0xdd, 0, 4, (uint8_t)(interval >> 8), (uint8_t)interval};
  memcpy(to, restart, DRI_LENGTH);
  to += DRI_LENGTH;
  memcpy(to, first + scan, job->pieces[0].length - scan);
  to += job->pieces[0].length - scan;
  for (int i = 1; i < job->strips; i++) {
    *to++ = 0xff;
    *to++ = (uint8_t)(0xd0 + (i - 1) % 8);
    memcpy(to, job->pieces[i].data, job->pieces[i].length);
    to += job->pieces[i].length;
  }
  *to++ = 0xff;
  *to++ = 0xd9;
  out->data = data;
  out->length = (size_t)(to - data);
  return true;
}

static cc_status encode_in_strips(job *job, unsigned threads, cc_bytes *out) {
  job->pieces = calloc((size_t)job->strips, sizeof(piece));
  if (!job->pieces) return jpeg_failure("JPEG encoding", "out of memory");
  pthread_t others[MOST_THREADS];
  unsigned started = 0;
  if (threads > (unsigned)job->strips) threads = (unsigned)job->strips;
  // Without another thread it takes longer, that is all.
  while (started + 1 < threads && started < MOST_THREADS && !pthread_create(&others[started], NULL, encode_strips, job)) started++;
  encode_strips(job);
  for (unsigned i = 0; i < started; i++) pthread_join(others[i], NULL);
  cc_status status = {0, ""};
  if (atomic_load(&job->failed))
    status = jpeg_failure("JPEG encoding", job->text);
  else if (!join(job, out))
    status = jpeg_failure("JPEG encoding", "the strips could not be joined");
  for (int i = 0; i < job->strips; i++) free(job->pieces[i].data);
  free(job->pieces);
  return status;
}

static cc_status encode_whole(job *job, cc_bytes *out) {
  size_t length = tjBufSize(job->width, job->height, job->sampling);
  tjhandle compressor = tjInitCompress();
  uint8_t *data = length == (size_t)-1 ? NULL : malloc(length);
  uint8_t *scratch = job->rows->table ? malloc((size_t)job->width * (size_t)job->height) : NULL;
  cc_status status = {0, ""};
  if (!compressor || !data || (job->rows->table && !scratch)) {
    status = jpeg_failure("JPEG encoding", "out of memory");
  } else if (!encode_rows(compressor, job, 0, job->height, scratch, data, &length)) {
    status = jpeg_failure("JPEG encoding", tjGetErrorStr2(compressor));
  } else {
    out->data = data;
    out->length = length;
    data = NULL;
  }
  free(scratch);
  free(data);
  if (compressor) tjDestroy(compressor);
  return status;
}

cc_status cc_jpeg_encode(const cc_rows *rows, int width, int height, int channels, int quality, bool full_chroma, bool striped,
                         unsigned threads, cc_bytes *out) {
  out->data = NULL;
  out->length = 0;
  if (width < 1 || height < 1 || width > 65500 || height > 65500 || (channels != 1 && channels != 3) ||
      (rows->table && channels != 1) || rows->stride > INT32_MAX)
    return jpeg_failure("JPEG encoding", "JPEG cannot hold this size");
  if (quality < 1) quality = 1;
  if (quality > 100) quality = 100;
  int sampling = channels == 1 ? TJSAMP_GRAY : full_chroma ? TJSAMP_444 : TJSAMP_420;
  job job = {.rows = rows, .width = width, .height = height, .channels = channels, .quality = quality, .sampling = sampling};
  if (!striped || (size_t)width * (size_t)height < STRIPED_PIXELS) return encode_whole(&job, out);
  int side = sampling == TJSAMP_420 ? 16 : 8, across = (width + side - 1) / side;
  job.strip_rows = STRIP_ROWS;
  while (across * (job.strip_rows / side) > LONGEST_INTERVAL) job.strip_rows /= 2;
  job.strips = (height + job.strip_rows - 1) / job.strip_rows;
  if (job.strips == 1) return encode_whole(&job, out);
  return encode_in_strips(&job, threads, out);
}
