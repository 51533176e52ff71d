#include "stream_2_3.c"  // as C++17
