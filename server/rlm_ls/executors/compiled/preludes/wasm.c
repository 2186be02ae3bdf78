/* The root of a C program for WebAssembly, with what it needs of a C library.
 *
 * A program defines `char *analyze(const char *text, size_t size)`: a string, which nobody frees.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__attribute__((import_module("rlm"), import_name("log"))) void rlm_log(const char *start, size_t length);

void *memcpy(void *to, const void *from, size_t n) { return __builtin_memcpy(to, from, n); }
void *memmove(void *to, const void *from, size_t n) { return __builtin_memmove(to, from, n); }
void *memset(void *to, int value, size_t n) { return __builtin_memset(to, value, n); }
int memcmp(const void *a, const void *b, size_t n) {
  const unsigned char *x = a, *y = b;
  for (; n--; x++, y++)
    if (*x != *y) return *x - *y;
  return 0;
}
void *memchr(const void *from, int value, size_t n) {
  for (const unsigned char *f = from; n--; f++)
    if (*f == (unsigned char)value) return (void *)f;
  return 0;
}
size_t strlen(const char *s) {
  const char *end = s;
  while (*end) end++;
  return (size_t)(end - s);
}
int strcmp(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return (unsigned char)*a - (unsigned char)*b;
}
int strncmp(const char *a, const char *b, size_t n) {
  for (; n--; a++, b++) {
    if (*a != *b) return (unsigned char)*a - (unsigned char)*b;
    if (!*a) return 0;
  }
  return 0;
}
char *strcpy(char *to, const char *from) {
  memcpy(to, from, strlen(from) + 1);
  return to;
}
char *strcat(char *to, const char *from) {
  strcpy(to + strlen(to), from);
  return to;
}

/* Memory is zeroed and never given back. The host puts the text behind what is there, so each block is asked for. */
static uintptr_t rlm_next, rlm_end;
void *malloc(size_t size) {
  size = ((size + 15) & ~(size_t)15) + 16;
  if (size > rlm_end - rlm_next) {
    size_t pages = (size >> 16) + 16, at = __builtin_wasm_memory_grow(0, pages);
    if (at == (size_t)-1) {
      rlm_log("out of memory", 13);
      __builtin_trap();
    }
    rlm_next = at << 16;
    rlm_end = rlm_next + (pages << 16);
  }
  char *found = (char *)rlm_next;
  rlm_next += size;
  *(size_t *)found = size - 16;
  return found + 16;
}
void *calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) bytes = (size_t)-64;
  return malloc(bytes);
}
void *realloc(void *old, size_t size) {
  size_t had = old ? *(size_t *)((char *)old - 16) : 0;
  if (had >= size && old) return old;
  void *larger = malloc(size);
  if (old) memcpy(larger, old, had);
  return larger;
}
void free(void *block) { (void)block; }

/* %d %i %u %x %c %s %f %% with l, ll, z, width, 0 and precision. */
static void rlm_put(char *to, size_t size, size_t *at, char c) {
  if (*at + 1 < size) to[*at] = c;
  ++*at;
}
static size_t rlm_digits(char *end, unsigned long long value, unsigned base) {
  size_t n = 0;
  do *--end = "0123456789abcdef"[value % base], n++;
  while (value /= base);
  return n;
}
int vsnprintf(char *to, size_t size, const char *format, va_list values) {
  size_t at = 0;
  for (; *format; format++) {
    if (*format != '%') {
      rlm_put(to, size, &at, *format);
      continue;
    }
    bool left = false, zero = false;
    for (format++; *format == '-' || *format == '0'; format++) *format == '-' ? (left = true) : (zero = true);
    size_t width = 0, precision = 0;
    bool precise = false;
    for (; *format >= '0' && *format <= '9'; format++) width = width * 10 + (size_t)(*format - '0');
    if (*format == '.')
      for (precise = true, format++; *format >= '0' && *format <= '9'; format++)
        precision = precision * 10 + (size_t)(*format - '0');
    int longs = 0;
    for (; *format == 'l' || *format == 'z'; format++) longs += *format == 'l';
    char digits[72], *end = digits + sizeof digits, *start = end;
    bool minus = false;
    size_t length;
    switch (*format) {
    case 'd':
    case 'i': {
      long long value = longs > 1 ? va_arg(values, long long) : va_arg(values, long);
      minus = value < 0;
      start -= rlm_digits(end, minus ? 0ull - (unsigned long long)value : (unsigned long long)value, 10);
      break;
    }
    case 'u':
    case 'x':
      start -= rlm_digits(end, longs > 1 ? va_arg(values, unsigned long long) : va_arg(values, unsigned long),
                          *format == 'u' ? 10 : 16);
      break;
    case 'f': {
      double value = va_arg(values, double);
      minus = value < 0;
      if (minus) value = -value;
      if (!precise) precision = 6;
      if (precision > 15) precision = 15;
      unsigned long long scale = 1;
      for (size_t i = 0; i < precision; i++) scale *= 10;
      unsigned long long whole = (unsigned long long)value;
      unsigned long long part = (unsigned long long)((value - (double)whole) * (double)scale + 0.5);
      if (part >= scale) whole++, part -= scale;
      if (precision) {
        for (size_t i = 0; i < precision; i++, part /= 10) *--start = (char)('0' + part % 10);
        *--start = '.';
      }
      start -= rlm_digits(start, whole, 10);
      break;
    }
    case 'c': *--start = (char)va_arg(values, int); break;
    case 's':
      start = va_arg(values, char *);
      if (!start) start = "(null)";
      end = start + strlen(start);
      if (precise && (size_t)(end - start) > precision) end = start + precision;
      break;
    case 0: format--; break;
    default: *--start = *format;
    }
    length = (size_t)(end - start) + minus;
    if (minus && zero) rlm_put(to, size, &at, '-');
    for (; !left && length < width; width--) rlm_put(to, size, &at, zero ? '0' : ' ');
    if (minus && !zero) rlm_put(to, size, &at, '-');
    while (start < end) rlm_put(to, size, &at, *start++);
    for (; length < width; width--) rlm_put(to, size, &at, ' ');
  }
  if (size) to[at < size ? at : size - 1] = 0;
  return (int)at;
}
int snprintf(char *to, size_t size, const char *format, ...) {
  va_list values;
  va_start(values, format);
  int length = vsnprintf(to, size, format, values);
  va_end(values);
  return length;
}
int sprintf(char *to, const char *format, ...) {
  va_list values;
  va_start(values, format);
  int length = vsnprintf(to, INT_MAX, format, values);
  va_end(values);
  return length;
}

#include "program.c"

__attribute__((export_name("run"))) uint64_t rlm_run(const char *text, size_t size) {
  const char *result = analyze(text, size);
  if (!result) {
    rlm_log("returned NULL", 13);
    __builtin_trap();
  }
  return (uint64_t)(uintptr_t)result << 32 | strlen(result);
}
