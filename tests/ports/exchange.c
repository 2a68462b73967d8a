/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a user of the two files writes: one header, one socket. Subscribes, publishes at QoS 2 to the same
 * topic, and ends with 0 when the message has come back and the connection is closed.
 */
#include "mqttsn.h"

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint8_t buffer[512], names[128];
static mqttsn_slot queue[2];
static mqttsn_inbound inbound[2];

static uint32_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint32_t)((uint64_t)time.tv_sec * 1000U + (uint64_t)time.tv_nsec / 1000000U);
}

static int open_socket(const char* host, const char* port) {
    struct addrinfo hints, *found;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_DGRAM;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        return -1;
    }
    const int fd = socket(found->ai_family, SOCK_DGRAM, 0);
    const int result = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0 ? fd : -1;
    freeaddrinfo(found);
    return result;
}

/* The loop that the header shows. @return whether there was an event before the time was over */
static bool next(int fd, mqttsn_client* client, mqttsn_event* event) {
    const uint32_t start = now();
    while (now() - start < 20000U) {
        size_t octets;
        while ((octets = mqttsn_output(client, now(), buffer, sizeof buffer)) > 0) {
            if (send(fd, buffer, octets, 0) < 0) {
                return false;
            }
        }
        if (mqttsn_next_event(client, event)) {
            return true;
        }
        const uint32_t wait = mqttsn_next_timeout(client, now());
        struct pollfd readable = {fd, POLLIN, 0};
        if (poll(&readable, 1, wait < 1000U ? (int)wait : 1000) > 0) {
            const ssize_t received = recv(fd, buffer, sizeof buffer, 0);
            if (received > 0) {
                mqttsn_input(client, now(), buffer, (size_t)received);
            }
        }
    }
    return false;
}

int main(int argc, char** argv) {
    mqttsn_config config;
    mqttsn_client client;
    mqttsn_event event;
    bool came_back = false, delivered = false, closing = false;
    const int fd = argc == 5 ? open_socket(argv[2], argv[4]) : -1; /* -h HOST -p PORT */
    if (fd < 0) {
        fprintf(stderr, "usage: %s -h HOST -p PORT\n", argv[0]);
        return 2;
    }
    mqttsn_config_defaults(&config, "amalgamation");
    config.seed = (uint32_t)getpid();
    config.queue = queue;
    config.queue_length = 2;
    config.inbound = inbound;
    config.inbound_length = 2;
    config.topic_memory = names;
    config.topic_memory_octets = sizeof names;
    config.datagram_octets_max = sizeof buffer;
    mqttsn_init(&client, &config);
    mqttsn_connect(&client, true);
    mqttsn_subscribe(&client, mqttsn_topic_name("amalgamation/echo"), 2, NULL);
    mqttsn_publish(&client, mqttsn_topic_name("amalgamation/echo"), MQTTSN_VERSION, strlen(MQTTSN_VERSION), 2,
                   false, NULL);
    while (next(fd, &client, &event)) {
        printf("%s %d\n", mqttsn_event_name(event.type), event.code);
        if (event.type == MQTTSN_EVENT_MESSAGE) {
            came_back = came_back || (event.qos == 2 && event.payload_octets == strlen(MQTTSN_VERSION) &&
                                      memcmp(event.payload, MQTTSN_VERSION, event.payload_octets) == 0);
        }
        delivered = delivered || (event.type == MQTTSN_EVENT_DELIVERED && event.code == MQTTSN_ACCEPTED);
        if (event.type == MQTTSN_EVENT_CLOSED) {
            break;
        }
        if (came_back && delivered && !closing) {
            closing = mqttsn_disconnect(&client) == MQTTSN_OK;
        }
    }
    close(fd);
    return closing && event.type == MQTTSN_EVENT_CLOSED ? 0 : 1;
}
