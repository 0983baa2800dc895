#ifndef _STRING_H_
#define _STRING_H_

#include <stddef.h>

extern void *memcpy(void *restrict to, const void *restrict from, size_t size);
extern void *memmove(void *to, const void *from, size_t size);
extern void *memset(void *to, int byte, size_t size);
extern int memcmp(const void *a, const void *b, size_t size);
extern void *memchr(const void *in, int byte, size_t size);

extern size_t strlen(const char *s);
extern size_t strnlen(const char *s, size_t limit);
extern int strcmp(const char *a, const char *b);
extern int strncmp(const char *a, const char *b, size_t limit);
extern char *strcpy(char *restrict to, const char *restrict from);
extern char *strncpy(char *restrict to, const char *restrict from, size_t size);
extern char *strcat(char *restrict to, const char *restrict from);
extern char *strchr(const char *s, int c);
extern char *strrchr(const char *s, int c);
extern char *strstr(const char *s, const char *part);
extern char *strdup(const char *s);

#endif	/* _STRING_H_ */
