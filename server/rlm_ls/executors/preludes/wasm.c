#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
extern unsigned char __heap_base;
static uintptr_t rlm_next;
static char *rlm_out;
static size_t rlm_length, rlm_room;
__attribute__((import_module("rlm"), import_name("log"))) void rlm_log(const char *start, size_t length);
void *memcpy(void *to, const void *from, size_t n) {
  unsigned char *t = to;
  const unsigned char *f = from;
  while (n--) *t++ = *f++;
  return to;
}
void *memset(void *to, int value, size_t n) {
  unsigned char *t = to;
  while (n--) *t++ = (unsigned char)value;
  return to;
}
void *memmove(void *to, const void *from, size_t n) {
  unsigned char *t = to;
  const unsigned char *f = from;
  if (t < f) return memcpy(to, from, n);
  while (n--) t[n] = f[n];
  return to;
}
int memcmp(const void *a, const void *b, size_t n) {
  const unsigned char *x = a, *y = b;
  for (; n--; x++, y++)
    if (*x != *y) return *x - *y;
  return 0;
}
size_t strlen(const char *s) {
  size_t n = 0;
  while (s[n]) n++;
  return n;
}
/* Zeroed memory that is never given back. The host puts the text behind what is there, so each block is asked for. */
static uintptr_t rlm_end;
void *alloc(size_t size) {
  size = (size + 15) & ~(size_t)15;
  if (rlm_next + size > rlm_end || rlm_next + size < rlm_next) {
    size_t pages = (size + 0xffff) >> 16;
    if (pages < 16) pages = 16;
    size_t at = __builtin_wasm_memory_grow(0, pages);
    if (at == (size_t)-1) {
      rlm_log("out of memory", 13);
      __builtin_trap();
    }
    rlm_next = at << 16;
    rlm_end = rlm_next + (pages << 16);
  }
  void *found = (void *)rlm_next;
  rlm_next += size;
  return found;
}
/* The output. */
void put(const char *text, size_t length) {
  if (rlm_length + length > rlm_room) {
    size_t room = (rlm_length + length) * 2 + 4096;
    char *larger = alloc(room);
    memcpy(larger, rlm_out, rlm_length);
    rlm_out = larger;
    rlm_room = room;
  }
  memcpy(rlm_out + rlm_length, text, length);
  rlm_length += length;
}
void put_text(const char *text) { put(text, strlen(text)); }
void put_char(char c) { put(&c, 1); }
void put_int(long long value) {
  char digits[24];
  int at = 24;
  unsigned long long left = value < 0 ? 0ull - (unsigned long long)value : (unsigned long long)value;
  do digits[--at] = (char)('0' + left % 10);
  while (left /= 10);
  if (value < 0) digits[--at] = '-';
  put(digits + at, (size_t)(24 - at));
}
#include "program.c"
__attribute__((export_name("run"))) uint64_t rlm_run(const char *text, size_t length) {
  analyze(text, length);
  return (uint64_t)(uintptr_t)rlm_out << 32 | rlm_length;
}
