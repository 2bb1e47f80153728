/* A wall clock that a test sets: LD_PRELOAD this, and put nanoseconds (int64) into the file that REKKAS_TEST_CLOCK names.

   CLOCK_REALTIME goes by them, as if somebody had set the machine's clock; CLOCK_MONOTONIC does not. Waits that end at a date behave as on a
   machine whose clock is set: they end early when it is set forward, and late when it is set back. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t zero;
static volatile int64_t *ahead = &zero;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("REKKAS_TEST_CLOCK");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *page = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (page != MAP_FAILED) ahead = page;
}

static int64_t nanoseconds(clockid_t clock) {
  struct timespec t;
  syscall(SYS_clock_gettime, clock, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int64_t wall(void) { return nanoseconds(CLOCK_REALTIME) + *ahead; }

int clock_gettime(clockid_t clock, struct timespec *t) {
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) return (int)syscall(SYS_clock_gettime, clock, t);
  int64_t now = wall();
  t->tv_sec = now / 1000000000;
  t->tv_nsec = now % 1000000000;
  return 0;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone) {
  (void)zone;
  int64_t now = wall();
  t->tv_sec = now / 1000000000;
  t->tv_usec = now % 1000000000 / 1000;
  return 0;
}

time_t time(time_t *t) {
  time_t now = wall() / 1000000000;
  if (t) *t = now;
  return now;
}

int timespec_get(struct timespec *t, int base) { return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, t) == 0 ? base : 0; }

/* Looks at the clock every 20 ms. A date of less than three years after its beginning is not one: the wait goes by the monotonic clock. */
int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, const struct timespec *restrict until) {
  static int (*wait)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
  if (!wait) wait = dlsym(RTLD_NEXT, "pthread_cond_clockwait");
  int isDate = until->tv_sec > 100000000;
  int64_t end = until->tv_sec * 1000000000LL + until->tv_nsec;
  for (;;) {
    int64_t now = nanoseconds(CLOCK_MONOTONIC), slice = isDate ? now + 20000000 : end;
    if (isDate && wall() >= end) slice = now;
    struct timespec t = {slice / 1000000000, slice % 1000000000};
    int result = wait(condition, mutex, CLOCK_MONOTONIC, &t);
    if (result != ETIMEDOUT || !isDate || wall() >= end) return result;
  }
}
