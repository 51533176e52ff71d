#include "p2p.c"  // as C++17
