#ifndef _STDLIB_H_
#define _STDLIB_H_

#include <stddef.h>

#define EXIT_SUCCESS	0
#define EXIT_FAILURE	1
#define RAND_MAX	0x7fffffff

extern char **environ;

extern void *malloc(size_t size);
extern void *calloc(size_t count, size_t size);
extern void *realloc(void *block, size_t size);
extern void free(void *block);

/*
 * End the program: the first task tells who booted it its status and the machine stops; any other task
 * ends itself, and its status goes nowhere.
 */
extern void exit(int status) __attribute__((noreturn));	/* after atexit functions, and flushing output */
extern void _exit(int status) __attribute__((noreturn));
extern void abort(void) __attribute__((noreturn));	/* by a breakpoint exception */
extern int atexit(void (*function)(void));

extern char *getenv(const char *name);
extern int atoi(const char *s);
extern long strtol(const char *s, char **end, int base);
extern unsigned long strtoul(const char *s, char **end, int base);
extern unsigned long long strtoull(const char *s, char **end, int base);
extern int abs(int n);
extern int rand(void);
extern void srand(unsigned int seed);
extern void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));

#endif	/* _STDLIB_H_ */
