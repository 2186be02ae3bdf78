/* Locks itself in, then becomes the program: rlm-ls's sandbox for compilers and native programs on Linux.
 *
 *   launcher [option value]... -- PATH ARGUMENT...
 *
 *   --parent PID      end when that process is no longer the parent, and die with it
 *   --user UID        become this user and group if root; capabilities go in any case
 *   --limit NAME=N    a resource limit, soft and hard: as, data, cpu, fsize, stack, nofile, core, nproc
 *   --see PATH        a file or folder that may be read and executed (Landlock); all others may not be opened
 *   --change PATH     a folder or file that may be read and changed, but not executed
 *   --device PATH     a device that may be read and written
 *   --program PATH    the file to execute, in place of PATH; it is opened before the user changes and the doors close
 *   --filter HEX      the seccomp filter: struct sock_filter instructions, as hexadecimal digits
 *   --folder PATH     the working folder
 *   --variable K=V    an environment variable; there are no others
 *
 * It decides nothing: what is allowed is written in filter.py and policy.py. Every step that fails ends it with status
 * 125 and a line on stderr that starts with "rlm-jail:". No step is left out silently.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not from <linux/...>: those headers may be missing or older than the kernel. The numbers are the same everywhere. */
#define NR_CLOSE_RANGE 436
#define NR_LANDLOCK_CREATE_RULESET 444
#define NR_LANDLOCK_ADD_RULE 445
#define NR_LANDLOCK_RESTRICT_SELF 446
#ifndef PR_SET_NO_NEW_PRIVS
#define PR_SET_NO_NEW_PRIVS 38
#endif
#define SECCOMP_SET_MODE_FILTER 1

struct ruleset { uint64_t files, network, scoped; };
struct __attribute__((packed)) beneath { uint64_t access; int32_t parent; };
struct instruction { uint16_t code; uint8_t yes, no; uint32_t k; };
struct program { unsigned short length; struct instruction *filter; };
struct capability_header { uint32_t version; int pid; };
struct capability_data { uint32_t effective, permitted, inheritable; };

enum { EXECUTE = 1, WRITE = 2, READ = 4, READ_FOLDER = 8, TRUNCATE = 1 << 14, IOCTL = 1 << 15 };
enum { RULES = 64, PROGRAM = 65 }; /* descriptors out of the way of those that were handed over */
enum { OF_A_FILE = EXECUTE | WRITE | READ | TRUNCATE | IOCTL };

static void fail(const char *what) {
  dprintf(2, "rlm-jail: %s: %s\n", what, strerror(errno));
  _exit(125);
}

static void refuse(const char *what) {
  dprintf(2, "rlm-jail: %s\n", what);
  _exit(125);
}

static uint64_t handled;

static void keep(int descriptor, int as) {
  if (descriptor < 0) fail("the program");
  if (descriptor == as ? fcntl(as, F_SETFD, FD_CLOEXEC) : dup3(descriptor, as, O_CLOEXEC) < 0) fail("descriptors");
}

static void open_rules(void) {
  long abi = syscall(NR_LANDLOCK_CREATE_RULESET, NULL, 0, 1);
  if (abi < 1) refuse("this kernel has no Landlock");
  handled = (1 << 13) - 1;
  if (abi >= 2) handled |= 1 << 13;
  if (abi >= 3) handled |= TRUNCATE;
  if (abi >= 5) handled |= IOCTL;
  struct ruleset set = {handled, abi >= 4 ? 3 : 0, abi >= 6 ? 3 : 0};
  size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  int fresh = (int)syscall(NR_LANDLOCK_CREATE_RULESET, &set, size, 0);
  if (fresh < 0) fail("Landlock");
  keep(fresh, RULES);
}

static void allow(const char *path, uint64_t access) {
  int place = open(path, O_PATH | O_CLOEXEC);
  if (place < 0) fail(path);
  struct stat status;
  if (fstat(place, &status)) fail(path);
  if (!S_ISDIR(status.st_mode)) access &= OF_A_FILE;
  struct beneath rule = {access & handled, place};
  if (syscall(NR_LANDLOCK_ADD_RULE, RULES, 1, &rule, 0)) fail(path);
  close(place);
}

static void limit(const char *text) {
  static const struct { const char *name; int resource; } known[] = {
      {"as", RLIMIT_AS},       {"data", RLIMIT_DATA},     {"cpu", RLIMIT_CPU},   {"fsize", RLIMIT_FSIZE},
      {"stack", RLIMIT_STACK}, {"nofile", RLIMIT_NOFILE}, {"core", RLIMIT_CORE}, {"nproc", RLIMIT_NPROC}};
  const char *value = strchr(text, '=');
  if (!value) refuse("a limit without a value");
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strlen(known[i].name) != (size_t)(value - text) || strncmp(known[i].name, text, value - text)) continue;
    rlim_t most = strtoull(value + 1, NULL, 10);
    struct rlimit now, wanted;
    if (getrlimit(known[i].resource, &now)) fail(text);
    /* Only root may raise a hard limit; a stricter one that is already there is as good. */
    if (now.rlim_max != RLIM_INFINITY && now.rlim_max < most) most = now.rlim_max;
    wanted.rlim_cur = wanted.rlim_max = most;
    if (setrlimit(known[i].resource, &wanted)) fail(text);
    return;
  }
  refuse("an unknown limit");
}

static void become(unsigned user) {
  for (int capability = 0; capability < 64; capability++) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  if (user && geteuid() == 0 && setgroups(0, NULL) == 0 && setresgid(user, user, user) == 0)
    setresuid(user, user, user); /* where a container maps no such user, losing every capability has to do */
  struct capability_header header = {0x20080522, 0};
  struct capability_data none[2] = {{0, 0, 0}, {0, 0, 0}};
  if (syscall(SYS_capset, &header, none)) fail("capabilities");
}

static struct program filter;

static int digit(char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; }

static void read_filter(const char *text) {
  size_t bytes = strlen(text) / 2;
  unsigned char *raw = malloc(bytes + 1);
  if (!raw) fail("memory");
  for (size_t i = 0; i < bytes; i++) raw[i] = (unsigned char)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
  filter.length = (unsigned short)(bytes / sizeof(struct instruction));
  filter.filter = (struct instruction *)raw;
}

int main(int argc, char **argv) {
  long parent = 0;
  unsigned user = 0;
  int variables = 0, at = 1;
  const char *folder = NULL, *program = NULL;
  char **environment = calloc((size_t)argc + 1, sizeof *environment);
  if (!environment) fail("memory");

  for (int i = 1; i + 1 < argc && strcmp(argv[i], "--"); i += 2)
    if (!strcmp(argv[i], "--parent")) parent = atol(argv[i + 1]);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)) fail("death with the parent");
  if (parent && getppid() != parent) refuse("the parent is gone");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) fail("no_new_privs");
  open_rules();
  for (; at + 1 < argc && strcmp(argv[at], "--"); at += 2) {
    const char *option = argv[at], *value = argv[at + 1];
    if (!strcmp(option, "--parent") || !strcmp(option, "--limit")) continue;
    else if (!strcmp(option, "--user")) user = (unsigned)atol(value);
    else if (!strcmp(option, "--see")) allow(value, EXECUTE | READ | READ_FOLDER);
    else if (!strcmp(option, "--change")) allow(value, ~(uint64_t)EXECUTE);
    else if (!strcmp(option, "--device")) allow(value, READ | WRITE | IOCTL);
    else if (!strcmp(option, "--filter")) read_filter(value);
    else if (!strcmp(option, "--program")) allow(program = value, EXECUTE | READ);
    else if (!strcmp(option, "--folder")) folder = value;
    else if (!strcmp(option, "--variable")) environment[variables++] = argv[at + 1];
    else refuse("an unknown option");
  }
  if (at + 1 >= argc || !filter.length) refuse("nothing to run, or no filter");
  char **command = argv + at + 1;

  if (program) keep(open(program, O_PATH | O_CLOEXEC), PROGRAM);
  if (folder && chdir(folder)) fail(folder);
  if (syscall(NR_CLOSE_RANGE, 3u, RULES - 1u, 0)) fail("close_range");
  if (syscall(NR_CLOSE_RANGE, program ? PROGRAM + 1u : PROGRAM, ~0u, 0)) fail("close_range");
  become(user);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)) fail("death with the parent"); /* a change of user forgets it */
  if (parent && getppid() != parent) refuse("the parent is gone");
  if (syscall(NR_LANDLOCK_RESTRICT_SELF, RULES, 0)) fail("Landlock");
  close(RULES);
  for (int i = 1; i < at; i += 2)
    if (!strcmp(argv[i], "--limit")) limit(argv[i + 1]);
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter)) fail("seccomp");
  if (!program) execve(command[0], command, environment);
  else syscall(SYS_execveat, PROGRAM, "", command, environment, AT_EMPTY_PATH);
  fail(command[0]);
}
