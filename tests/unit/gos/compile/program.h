/* What the program in this folder gives to the test that runs it. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <gos.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Each uses every function of the API once; the value is the number of the first check that failed, 0 = none. */
int run_c11_program(void);
int run_cpp17_program(void);

#ifdef __cplusplus
}
#endif

#endif
