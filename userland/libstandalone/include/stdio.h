/*
 * Output to, and input from, the machine's console.
 *
 * Output is kept until the end of a line (stdout) or of the call (stderr).
 */
#ifndef _STDIO_H_
#define _STDIO_H_

#include <stdarg.h>
#include <stddef.h>

#define EOF	(-1)

typedef struct _file FILE;
extern FILE _stdin, _stdout, _stderr;
#define stdin	(&_stdin)
#define stdout	(&_stdout)
#define stderr	(&_stderr)

/*
 * Conversions: d i u x X o c s p n% with flags "-+ #0", width, precision and lengths hh h l ll z t j;
 * and f e g, to 17 significant digits.
 */
extern int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern int fprintf(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
extern int sprintf(char *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
extern int snprintf(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
extern int vprintf(const char *format, va_list arguments);
extern int vfprintf(FILE *file, const char *format, va_list arguments);
extern int vsnprintf(char *to, size_t size, const char *format, va_list arguments);

extern int putchar(int c);
extern int puts(const char *s);
extern int fputc(int c, FILE *file);
extern int fputs(const char *s, FILE *file);
extern size_t fwrite(const void *data, size_t size, size_t count, FILE *file);
extern int fflush(FILE *file);

extern int getchar(void);
extern char *fgets(char *to, int size, FILE *file);

#endif	/* _STDIO_H_ */
