/// Included by the examples of SDK 2.3, which use nothing of it.
#ifndef UTILS_HTTPC_H
#define UTILS_HTTPC_H
#endif
