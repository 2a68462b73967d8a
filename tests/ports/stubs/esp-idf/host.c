/* SPDX-License-Identifier: BSD-3-Clause */
/* ESP-IDF's calls on this host. A start is a process; the section rtc_data is what it leaves to the next one.
 */
#include <esp_event.h>
#include <esp_netif.h>
#include <esp_random.h>
#include <esp_sleep.h>
#include <esp_timer.h>
#include <nvs_flash.h>
#include <protocol_examples_common.h>
#include <stdlib.h>
#include <string.h>

#include "../host.h"

extern uint8_t __start_rtc_data[], __stop_rtc_data[];
void app_main(void);

uint32_t esp_random(void) {
    return host_random();
}
int64_t esp_timer_get_time(void) {
    return (int64_t)host_now() * 1000;
}
esp_err_t esp_event_loop_create_default(void) {
    return ESP_OK;
}
esp_err_t esp_netif_init(void) {
    return ESP_OK;
}
esp_err_t nvs_flash_init(void) {
    return ESP_OK;
}
esp_err_t example_connect(void) {
    return ESP_OK;
}
void esp_deep_sleep(uint64_t time_in_us) {
    (void)time_in_us;
    host_retained_write(__start_rtc_data, (size_t)(__stop_rtc_data - __start_rtc_data));
    exit(0);
}

int main(int argc, char** argv) {
    host_begin(argc, argv);
    host_retained_read(__start_rtc_data, (size_t)(__stop_rtc_data - __start_rtc_data));
    app_main();
    return 1; /* it ends in deep sleep */
}
