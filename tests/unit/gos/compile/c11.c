#define RUN_PROGRAM run_c11_program
#include "program.inc"
