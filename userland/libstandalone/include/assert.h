#include <stdlib.h>

#undef assert
#ifdef NDEBUG
#define assert(condition)	((void)0)
#else
extern void _assert_failed(const char *condition, const char *file, int line) __attribute__((noreturn));
#define assert(condition)	((condition) ? (void)0 : _assert_failed(#condition, __FILE__, __LINE__))
#endif
