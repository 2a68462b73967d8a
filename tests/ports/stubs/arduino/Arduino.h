/* SPDX-License-Identifier: BSD-3-Clause */
/* What the port uses of Arduino's core, declared from its documentation. */
#ifndef STUB_ARDUINO_H
#define STUB_ARDUINO_H
#include <stddef.h>
#include <stdint.h>

#define A0 14
extern "C" {
uint32_t millis(void);
uint32_t micros(void);
int analogRead(uint8_t pin);
}
void delay(uint32_t ms);

struct StubSerial {
    void begin(unsigned long baud);
    size_t write(const uint8_t* buffer, size_t size);
    size_t println();
};
extern StubSerial Serial;
#endif
