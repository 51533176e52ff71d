#include "upload_3_x.c"  // as C++17
