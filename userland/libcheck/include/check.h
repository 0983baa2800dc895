/*
 * Test programs.
 *
 *	#include <check.h>
 *
 *	TEST(allocate_gives_zeroes)
 *	{
 *		vm_address_t address = 0;
 *
 *		CHECK_SUCCESS(vm_allocate(mach_task_self(), &address, 4096, TRUE));
 *		CHECK(*(int *)address == 0);
 *		CHECK_SUCCESS(vm_deallocate(mach_task_self(), address, 4096));
 *	}
 *
 * The library has main.  It runs the tests in the order of the file, or those named as arguments, and
 * prints a line for each:
 *
 *	ok allocate_gives_zeroes
 *	FAIL allocate_gives_zeroes: vm.c:9: *(int *)address == 0
 *
 * then "N passed, N failed"; the exit status is 1 if any failed.  A failed check ends its test, and so
 * does an exception in it; the next test runs all the same.
 *
 * Around each test, the task's ports, threads and address space and the machine's frames in use are
 * counted.  A test that leaves more than it found is run again, up to three times, since it may have
 * warmed something up (a stack page, malloc; with threads, which ones depends on who comes first); if it
 * leaves more every time, it fails as a leak.  So a test must be such that it can run again.
 */
#ifndef _CHECK_H_
#define _CHECK_H_

#include <mach.h>
#include <mach_error.h>
#include <mach_init.h>

struct check_test {
	const char *name;
	void (*function)(void);
	boolean_t may_leak;
};

#define _CHECK_TEST(test, leaks)								\
	static void test(void);									\
	static const struct check_test _check_##test						\
		__attribute__((used, retain, section("check_tests"), aligned(4))) = { #test, test, leaks };	\
	static void test(void)

#define TEST(name)		_CHECK_TEST(name, FALSE)

/* One that cannot help leaving something behind; say why beside it. */
#define TEST_THAT_KEEPS(name)	_CHECK_TEST(name, TRUE)

/* In any thread; the test's own thread leaves the test, others go on. */
#define CHECK(condition) \
	((condition) ? (void)0 : _check_failed(__FILE__, __LINE__, "%s", #condition))

/* Integers, both printed when they differ. */
#define CHECK_EQUAL(actual, expected)								\
	do {											\
		long long _actual = (long long)(actual), _expected = (long long)(expected);	\
												\
		if (_actual != _expected)							\
			_check_failed(__FILE__, __LINE__, "%s is %lld (%#llx), not %s (%#llx)", #actual,	\
				      _actual, (unsigned long long)_actual, #expected,		\
				      (unsigned long long)_expected);				\
	} while (0)

/* A call's return code, printed by name when it is another. */
#define CHECK_RETURNS(call, expected)	_CHECK_RETURNS(#call, call, expected)
#define CHECK_SUCCESS(call)		_CHECK_RETURNS(#call, call, KERN_SUCCESS)

#define _CHECK_RETURNS(text, call, expected)							\
	do {											\
		int _code = (call), _expected = (expected);					\
												\
		if (_code != _expected)								\
			_check_returned(__FILE__, __LINE__, text, _code, _expected);		\
	} while (0)

extern void _check_failed(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
extern void _check_returned(const char *file, int line, const char *call, int code, int expected);

#endif	/* _CHECK_H_ */
