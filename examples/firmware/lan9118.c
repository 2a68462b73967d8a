/* SPDX-License-Identifier: BSD-3-Clause */
#include "lan9118.h"

#include <lwip/etharp.h>
#include <lwip/pbuf.h>
#include <stdbool.h>
#include <stdint.h>

enum offset {
    RX_DATA = 0x00,
    TX_DATA = 0x20,
    RX_STATUS = 0x40,
    BYTE_TEST = 0x64,
    TX_CFG = 0x70,
    RX_DP_CTL = 0x78,
    RX_FIFO_INF = 0x7C,
    TX_FIFO_INF = 0x80,
    MAC_CSR_CMD = 0xA4,
    MAC_CSR_DATA = 0xA8
};

enum mac_register { MAC_CR = 1, MAC_ADDRH = 2, MAC_ADDRL = 3 };

#define BYTE_TEST_VALUE 0x87654321U
#define TX_CFG_ON 0x2U
#define TX_CFG_STATUS_MAY_OVERRUN 0x4U /* nobody reads the status of frames that were sent */
#define MAC_CR_RECEIVE 0x4U
#define MAC_CR_TRANSMIT 0x8U
#define MAC_CR_FULL_DUPLEX 0x100000U
#define MAC_CSR_BUSY 0x80000000U
#define RX_DP_CTL_DISCARD 0x80000000U
#define RX_STATUS_ERROR 0x8000U
#define TX_FIRST_AND_LAST 0x3000U
#define CRC_OCTETS 4U
#define TX_COMMAND_OCTETS 8U

static volatile uint32_t* reg(const struct netif* netif, enum offset offset) {
    return (volatile uint32_t*)((uintptr_t)netif->state + (uintptr_t)offset);
}

static void write_mac(const struct netif* netif, enum mac_register index, uint32_t value) {
    while ((*reg(netif, MAC_CSR_CMD) & MAC_CSR_BUSY) != 0) {
    }
    *reg(netif, MAC_CSR_DATA) = value;
    *reg(netif, MAC_CSR_CMD) = MAC_CSR_BUSY | (uint32_t)index;
    while ((*reg(netif, MAC_CSR_CMD) & MAC_CSR_BUSY) != 0) {
    }
}

/* The FIFO takes words, the pieces of a pbuf end anywhere. */
static err_t transmit(struct netif* netif, struct pbuf* frame) {
    const uint32_t octets = frame->tot_len;
    if ((*reg(netif, TX_FIFO_INF) & 0xFFFFU) < octets + TX_COMMAND_OCTETS + 4U) {
        return ERR_MEM;
    }
    *reg(netif, TX_DATA) = TX_FIRST_AND_LAST | octets;
    *reg(netif, TX_DATA) = octets;
    uint32_t word = 0;
    uint32_t filled = 0;
    for (const struct pbuf* piece = frame; piece != NULL; piece = piece->next) {
        const uint8_t* const octet = (const uint8_t*)piece->payload;
        for (uint32_t i = 0; i < piece->len; ++i) {
            word |= (uint32_t)octet[i] << (8U * filled);
            if (++filled == 4U) {
                *reg(netif, TX_DATA) = word;
                word = 0;
                filled = 0;
            }
        }
    }
    if (filled > 0) {
        *reg(netif, TX_DATA) = word;
    }
    return ERR_OK;
}

/* Reads one frame of `words` words, the checksum included, into `frame`. */
static void read_frame(const struct netif* netif, struct pbuf* frame, uint32_t words) {
    struct pbuf* piece = frame;
    uint32_t at = 0;
    for (; words > 0; --words) {
        uint32_t word = *reg(netif, RX_DATA);
        for (uint32_t i = 0; i < 4U && piece != NULL; ++i, word >>= 8U) {
            ((uint8_t*)piece->payload)[at] = (uint8_t)word;
            if (++at == piece->len) {
                piece = piece->next;
                at = 0;
            }
        }
    }
}

/* @return the next frame, or NULL when it was bad or there is no memory for it */
static struct pbuf* receive(const struct netif* netif) {
    const uint32_t status = *reg(netif, RX_STATUS);
    const uint32_t octets = (status >> 16U) & 0x3FFFU;
    const uint32_t words = (octets + 3U) / 4U;
    struct pbuf* frame = NULL;
    if ((status & RX_STATUS_ERROR) == 0 && octets > CRC_OCTETS) {
        frame = pbuf_alloc(PBUF_RAW, (u16_t)(octets - CRC_OCTETS), PBUF_POOL);
    }
    if (frame != NULL) {
        read_frame(netif, frame, words);
        return frame;
    }
    if (words >= 4U) {
        *reg(netif, RX_DP_CTL) = RX_DP_CTL_DISCARD;
        while ((*reg(netif, RX_DP_CTL) & RX_DP_CTL_DISCARD) != 0) {
        }
    } else { /* too short for the controller to discard by itself */
        for (uint32_t i = 0; i < words; ++i) {
            (void)*reg(netif, RX_DATA);
        }
    }
    return NULL;
}

err_t lan9118_init(struct netif* netif) {
    if (*reg(netif, BYTE_TEST) != BYTE_TEST_VALUE) {
        return ERR_IF;
    }
    const uint8_t* const mac = netif->hwaddr;
    write_mac(netif, MAC_ADDRL,
              (uint32_t)mac[0] | (uint32_t)mac[1] << 8U | (uint32_t)mac[2] << 16U | (uint32_t)mac[3] << 24U);
    write_mac(netif, MAC_ADDRH, (uint32_t)mac[4] | (uint32_t)mac[5] << 8U);
    *reg(netif, TX_CFG) = TX_CFG_ON | TX_CFG_STATUS_MAY_OVERRUN;
    write_mac(netif, MAC_CR, MAC_CR_FULL_DUPLEX | MAC_CR_TRANSMIT | MAC_CR_RECEIVE);
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->mtu = 1500;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    netif->output = etharp_output;
    netif->linkoutput = transmit;
    return ERR_OK;
}

void lan9118_poll(struct netif* netif) {
    while ((*reg(netif, RX_FIFO_INF) & 0xFF0000U) != 0) {
        struct pbuf* const frame = receive(netif);
        if (frame != NULL && netif->input(frame, netif) != ERR_OK) {
            pbuf_free(frame);
        }
    }
}
