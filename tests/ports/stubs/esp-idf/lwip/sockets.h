/* SPDX-License-Identifier: BSD-3-Clause */
/* lwIP's sockets bear the names of POSIX. */
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
