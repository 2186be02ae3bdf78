"""The Linux system calls that the sandbox lets through, and their numbers: on x86_64, then on aarch64.

From the kernel's own tables (arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h).
"""

from __future__ import annotations

_RUN = """
read 0 63; write 1 64; readv 19 65; writev 20 66; close 3 57; lseek 8 62; pread64 17 67; fstat 5 80; munmap 11 215;
mremap 25 216; madvise 28 233; brk 12 214; exit 60 93; exit_group 231 94; rt_sigaction 13 134;
rt_sigprocmask 14 135; rt_sigreturn 15 139; sigaltstack 131 132; gettid 186 178; getpid 39 172;
set_tid_address 218 96; set_robust_list 273 99; rseq 334 293; arch_prctl 158 -; getrandom 318 278;
clock_gettime 228 113; clock_getres 229 114; clock_nanosleep 230 115; nanosleep 35 101; gettimeofday 96 169;
time 201 -; sched_yield 24 124; sched_getaffinity 204 123; futex 202 98; poll 7 -; ppoll 271 73;
restart_syscall 219 128
"""

_COMPILE = """
execve 59 221; open 2 -; openat 257 56; openat2 437 437; creat 85 -; access 21 -; faccessat 269 48;
faccessat2 439 439; stat 4 -; lstat 6 -; newfstatat 262 79; statx 332 291; statfs 137 43; fstatfs 138 44;
readlink 89 -; readlinkat 267 78; getcwd 79 17; chdir 80 49; fchdir 81 50; getdents 78 -; getdents64 217 61;
mkdir 83 -; mkdirat 258 34; rename 82 -; renameat 264 38; renameat2 316 276; unlink 87 -; unlinkat 263 35;
rmdir 84 -; link 86 -; linkat 265 37; symlink 88 -; symlinkat 266 36; ftruncate 77 46; fallocate 285 47;
fsync 74 82; fdatasync 75 83; fcntl 72 25; flock 73 32; ioctl 16 29; dup 32 23; dup2 33 -; dup3 292 24; pipe 22 -;
pipe2 293 59; eventfd2 290 19; epoll_create1 291 20; epoll_ctl 233 21; epoll_wait 232 -; epoll_pwait 281 22;
pwrite64 18 68; preadv 295 69; pwritev 296 70; copy_file_range 326 285; sendfile 40 71; fork 57 -; vfork 58 -;
wait4 61 260; waitid 247 95; getppid 110 173; getpgrp 111 -; getpgid 121 155; getuid 102 174; geteuid 107 175;
getgid 104 176; getegid 108 177; getresuid 118 148; getresgid 120 150; getgroups 115 158; uname 63 160;
sysinfo 99 179; getrlimit 97 163; getrusage 98 165; times 100 153; umask 95 166; membarrier 324 283; mincore 27 232;
msync 26 227; memfd_create 319 279; select 23 -; pselect6 270 72; readahead 187 213; fadvise64 221 223;
getcpu 309 168
"""

_WITH_CARE = """
mmap 9 222; mprotect 10 226; prlimit64 302 261; execveat 322 281; clone 56 220
"""


def _table(text: str) -> dict[str, tuple[str, str]]:
    rows = [row.split() for row in text.split(";")]
    return {name: (first, second) for name, first, second in rows}


RUN = tuple(_table(_RUN))
"""What a static program with its text on descriptor 0 may ask of the kernel, whatever the arguments."""

COMPILE = tuple(_table(_COMPILE))
"""What compilers and linkers need beside RUN; which files they get is Landlock's or bubblewrap's business.

Not chmod, utime or truncate by path: Landlock (some before its ABI 3) lets them through everywhere.
"""

_ALL = _table(_RUN) | _table(_COMPILE) | _table(_WITH_CARE)

X86_64 = {name: int(numbers[0]) for name, numbers in _ALL.items()}

AARCH64 = {name: int(numbers[1]) for name, numbers in _ALL.items() if numbers[1] != "-"}
"""Without the old calls that this machine never had."""
