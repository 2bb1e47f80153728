#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ccodecs.h"

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static int limit(int which, rlim_t value) {
  struct rlimit both = {value, value};
  return setrlimit((__rlimit_resource_t)which, &both) ? errno : 0;
}

#ifdef OWN_ARCHITECTURE
#define REFUSE(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

// A list of what is refused, not of what is allowed: the Swift runtime and the C library change what they need, but a decoder
// that has been taken over needs one of these to reach anybody.
static int refuse_network_and_programs(void) {
  struct sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#if defined(__x86_64__)
      // x32 calls have other numbers.
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      REFUSE(SYS_fork),
      REFUSE(SYS_vfork),
#endif
      REFUSE(SYS_socket),
      REFUSE(SYS_socketpair),
      REFUSE(SYS_connect),
      REFUSE(SYS_bind),
      REFUSE(SYS_listen),
      REFUSE(SYS_accept),
      REFUSE(SYS_accept4),
      REFUSE(SYS_execve),
      REFUSE(SYS_execveat),
      REFUSE(SYS_ptrace),
      REFUSE(SYS_process_vm_readv),
      REFUSE(SYS_process_vm_writev),
      REFUSE(SYS_mount),
      REFUSE(SYS_unshare),
      REFUSE(SYS_setns),
      REFUSE(SYS_bpf),
      REFUSE(SYS_keyctl),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof rules / sizeof rules[0], rules};
  // For all threads at once (with it goes "no new privileges"): the runtime may have started some already.
  long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
  return result < 0 ? errno : result > 0 ? EBUSY : 0;
}
#endif

int cc_worker_start(const char *executable, const char *argument, int *socket, int *process) {
  // What finds libraries and dictionaries, and what a sanitizer is told; no secret that the parent was given.
  static const char *const wanted[] = {"LD_LIBRARY_PATH=", "DCMDICTPATH=", "TMPDIR=",       "ASAN_OPTIONS=",
                                       "LSAN_OPTIONS=",    "UBSAN_OPTIONS=", "LLVM_PROFILE_FILE="};
  enum { most = sizeof wanted / sizeof wanted[0] };
  char *environment[most + 2];
  size_t count = 0;
  // The Swift runtime would start another program to print a backtrace, which a confined process may not.
  environment[count++] = "SWIFT_BACKTRACE=enable=no";
  for (char **entry = environ; entry && *entry && count <= most; entry++)
    for (size_t i = 0; i < most; i++)
      if (!strncmp(*entry, wanted[i], strlen(wanted[i]))) {
        environment[count++] = *entry;
        break;
      }
  environment[count] = NULL;

  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) return errno;
  // A send buffer of a picture's size saves turns between the two processes.
  int size = 1 << 19;
  setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int failed = posix_spawn_file_actions_init(&actions);
  if (!failed) {
    failed = posix_spawnattr_init(&attributes);
    if (!failed) {
      sigset_t none, all;
      sigemptyset(&none);
      sigfillset(&all);
      // Its own process group: an interrupt from the terminal ends the parent, which ends the workers.
      failed = posix_spawnattr_setflags(&attributes,
                                        POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
      if (!failed) failed = posix_spawnattr_setpgroup(&attributes, 0);
      if (!failed) failed = posix_spawnattr_setsigmask(&attributes, &none);
      if (!failed) failed = posix_spawnattr_setsigdefault(&attributes, &all);
      if (!failed) failed = posix_spawn_file_actions_adddup2(&actions, pair[1], CC_WORKER_SOCKET);
      if (!failed) failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
      if (!failed) failed = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
      if (!failed) failed = posix_spawn_file_actions_addclosefrom_np(&actions, CC_WORKER_SOCKET + 1);
      char *const arguments[] = {(char *)executable, (char *)argument, NULL};
      pid_t child = 0;
      if (!failed) failed = posix_spawn(&child, executable, &actions, &attributes, arguments, environment);
      *process = child;
      posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
  }
  close(pair[1]);
  if (failed) {
    close(pair[0]);
    return failed;
  }
  *socket = pair[0];
  return 0;
}

int cc_worker_confine(uint64_t memory) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL)) return errno;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return errno;
  if (prctl(PR_SET_DUMPABLE, 0)) return errno;
  int failed = limit(RLIMIT_CORE, 0);
  if (!failed) failed = limit(RLIMIT_NOFILE, 64);
#ifdef SANITIZED
  (void)memory;
#else
  // RLIMIT_DATA counts what can be written (heap, private mappings), not the mapped input, which may be larger than memory.
  if (!failed) failed = limit(RLIMIT_DATA, memory);
#endif
#ifdef OWN_ARCHITECTURE
  // A kernel without seccomp (some containers) still has the other limits.
  if (!failed) {
    failed = refuse_network_and_programs();
    if (failed == EINVAL || failed == ENOSYS) failed = 0;
  }
#endif
  return failed;
}

void cc_worker_limit_cpu(unsigned seconds) {
  struct rusage used;
  if (getrusage(RUSAGE_SELF, &used)) return;
  struct rlimit now;
  if (getrlimit(RLIMIT_CPU, &now)) return;
  now.rlim_cur = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + seconds + 1;
  if (now.rlim_max != RLIM_INFINITY && now.rlim_cur > now.rlim_max) now.rlim_cur = now.rlim_max;
  setrlimit(RLIMIT_CPU, &now);
}
