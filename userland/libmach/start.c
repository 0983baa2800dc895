/*
 * The C part of starting a program: find arguments and environment, bring up the Mach library, and
 * the threads library if the program is linked with it, then call main.
 */
#include <mach.h>
#include <mach_init.h>

extern int main(int argc, char **argv, char **envp);
extern void exit(int status) __attribute__((noreturn));

/* The threads library runs the program on a stack of its own making.  Absent, this is null. */
extern void _cthread_start(void (*program)(void)) __attribute__((weak, noreturn));

char **environ;
unsigned int *_mach_auxiliary_vector;

static int program_argc;
static char **program_argv;

__attribute__((noreturn)) static void run_main(void)
{
	exit(main(program_argc, program_argv, environ));
}

__attribute__((noreturn)) void _mach_start(int *stack)
{
	char **word;

	program_argc = stack[0];
	program_argv = (char **)(stack + 1);
	environ = program_argv + program_argc + 1;
	for (word = environ; *word != 0; word++)
		;
	_mach_auxiliary_vector = (unsigned int *)(word + 1);

	mach_init();
	if (_cthread_start)
		_cthread_start(run_main);
	run_main();
}
