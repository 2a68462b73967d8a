/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *gateway_host, *gateway_port, *retained_file;

void host_begin(int argc, char** argv) {
    int option;
    while ((option = getopt(argc, argv, "h:p:r:")) != -1) {
        switch (option) {
            case 'h':
                gateway_host = optarg;
                break;
            case 'p':
                gateway_port = optarg;
                break;
            case 'r':
                retained_file = optarg;
                break;
            default:
                exit(2);
        }
    }
    if (gateway_host == NULL || gateway_port == NULL || optind != argc) {
        fprintf(stderr, "usage: %s -h HOST -p PORT [-r FILE]\n", argv[0]);
        exit(2);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
}

const char* stub_host(void) {
    return gateway_host;
}

const char* stub_port(void) {
    return gateway_port;
}

size_t host_retained_read(void* memory, size_t octets) {
    FILE* file = retained_file == NULL ? NULL : fopen(retained_file, "rb");
    if (file == NULL) {
        return 0;
    }
    const size_t count = fread(memory, 1, octets, file);
    fclose(file);
    return count;
}

void host_retained_write(const void* memory, size_t octets) {
    FILE* file = retained_file == NULL ? NULL : fopen(retained_file, "wb");
    if (file == NULL || fwrite(memory, 1, octets, file) != octets || fclose(file) != 0) {
        fprintf(stderr, "cannot write the retained memory\n");
        exit(1);
    }
}

uint32_t host_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U);
}

uint32_t host_random(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint32_t)now.tv_nsec * 2654435761U ^ (uint32_t)getpid();
}

void host_sleep(void) {
    char line[16];
    printf("sleeping\n");
    if (fgets(line, sizeof line, stdin) == NULL) {
        exit(0);
    }
}
