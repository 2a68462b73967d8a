/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_ZEPHYR_AUTOCONF_H
#define STUB_ZEPHYR_AUTOCONF_H
const char* stub_host(void);
const char* stub_port(void);
#define CONFIG_SLEEPY_SENSOR_GATEWAY stub_host()
#define CONFIG_SLEEPY_SENSOR_PORT stub_port()
#define CONFIG_SLEEPY_SENSOR_INTERVAL 600
#endif
