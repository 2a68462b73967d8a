/* SPDX-License-Identifier: BSD-3-Clause */
/* Arduino's calls on one UDP socket of this host. Whatever address a sketch sends to, the gateway of the test
 * gets it, and seems to answer from there. Before each datagram that comes, a stranger sends DISCONNECT. */
#include <Arduino.h>
#include <WiFi.h>
#include <WiFiUdp.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../host.h"

StubSerial Serial;
StubWiFi WiFi;

namespace {
int fd = -1;
IPAddress remote_ip;
uint16_t remote_port;
uint8_t out[2048], in[2048];
size_t out_octets, in_octets, in_read;
const uint8_t kDisconnect[] = {2, 0x18};
bool stranger;  // what parsePacket() found last came from one
}  // namespace

uint32_t millis() {
    return host_now();
}
uint32_t micros() {
    return host_random();
}
int analogRead(uint8_t pin) {
    return pin;
}
void delay(uint32_t ms) {
    if (ms > 1000) {
        host_sleep();
    } else {
        usleep(ms * 1000);
    }
}
void StubSerial::begin(unsigned long) {}
size_t StubSerial::write(const uint8_t* buffer, size_t size) {
    return fwrite(buffer, 1, size, stdout);
}
size_t StubSerial::println() {
    return static_cast<size_t>(puts("") >= 0 ? 2 : 0);
}
int StubWiFi::begin(const char*, const char*) {
    return WL_CONNECTED;
}
int StubWiFi::status() {
    return WL_CONNECTED;
}
int StubWiFi::disconnect() {
    return 1;
}

uint8_t WiFiUDP::begin(uint16_t) {
    addrinfo hints, *found;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_DGRAM;
    if (getaddrinfo(stub_host(), stub_port(), &hints, &found) != 0) {
        return 0;
    }
    fd = socket(found->ai_family, SOCK_DGRAM, 0);
    const bool connected = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
    freeaddrinfo(found);
    return connected ? 1 : 0;
}
void WiFiUDP::stop() {
    close(fd);
    fd = -1;
}
int WiFiUDP::beginPacket(IPAddress ip, uint16_t port) {
    remote_ip = ip;
    remote_port = port;
    out_octets = 0;
    return 1;
}
size_t WiFiUDP::write(const uint8_t* buffer, size_t size) {
    if (out_octets + size > sizeof out) {
        return 0;
    }
    memcpy(out + out_octets, buffer, size);
    out_octets += size;
    return size;
}
int WiFiUDP::endPacket() {
    return send(fd, out, out_octets, 0) == static_cast<ssize_t>(out_octets) ? 1 : 0;
}
int WiFiUDP::parsePacket() {
    if (stranger) {  // now what the gateway sent
        stranger = false;
        in_read = 0;
        return static_cast<int>(in_octets);
    }
    const ssize_t octets = recv(fd, in, sizeof in, MSG_DONTWAIT);
    if (octets <= 0) {
        return 0;
    }
    in_octets = static_cast<size_t>(octets);
    in_read = 0;
    stranger = true;
    return static_cast<int>(sizeof kDisconnect);
}
int WiFiUDP::read(unsigned char* buffer, size_t len) {
    const size_t left = (stranger ? sizeof kDisconnect : in_octets) - in_read;
    const size_t octets = left < len ? left : len;
    memcpy(buffer, (stranger ? kDisconnect : in) + in_read, octets);
    in_read += octets;
    return static_cast<int>(octets);
}
IPAddress WiFiUDP::remoteIP() {
    return stranger ? IPAddress(10, 9, 8, 7) : remote_ip;
}
uint16_t WiFiUDP::remotePort() {
    return remote_port;
}

void setup();
void loop();
int main(int argc, char** argv) {
    host_begin(argc, argv);
    setup();
    for (;;) {
        loop();
    }
}
