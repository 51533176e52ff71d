#define RUN_PROGRAM run_cpp17_program
#include "program.inc"
