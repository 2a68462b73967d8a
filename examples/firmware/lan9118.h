/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lwIP driver of the Ethernet controller LAN9118, by polling and by its FIFOs. One controller. Facts:
 * Microchip's data sheet of the LAN9118. */
#ifndef FIRMWARE_LAN9118_H
#define FIRMWARE_LAN9118_H

#include <lwip/netif.h>

/* For netif_add(): its `state` is the controller's base address, hwaddr must be set.
 * @return ERR_IF: there is no LAN9118 at that address */
err_t lan9118_init(struct netif* netif);

/* Gives all frames that have come to netif->input. Call it in the main loop. */
void lan9118_poll(struct netif* netif);

#endif
