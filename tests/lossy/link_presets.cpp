// SPDX-License-Identifier: BSD-3-Clause
//
// The numbers of the named networks, each with its source beside it. "Our choice" marks those for which there
// is no single public figure: chosen so that the network is plausible and not kind. All octets are of UDP
// payload, so IP and UDP headers are part of the overhead and are taken off a link's mtu. Any thread.
#include "lossy/link_presets.hpp"

#include <array>

namespace mqttsn::lossy {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint32_t kIpv4Udp = 28;  // RFC 791 (20 octets without options) + RFC 768 (8)

LinkSettings lan() {
    DirectionSettings way;
    way.rate = 100'000'000;                 // IEEE 802.3: 100BASE-TX
    way.frame = 1500 - kIpv4Udp;            // IEEE 802.3: 1500 octets of payload in a frame; RFC 894
    way.overhead = kIpv4Udp + 38;           // IEEE 802.3: preamble and delimiter 8, header 14, FCS 4, gap 12
    way.delay = microseconds{100};          // our choice: a switch or two
    way.jitter = microseconds{100};         // our choice
    way.queue = 1000;                       // our choice: the usual length of a host's transmit queue
    return LinkSettings{way, way, {}, {}};  // loss: none, our choice
}

LinkSettings wifi_bad() {
    DirectionSettings way;
    way.rate = 1'000'000;             // IEEE 802.11, DSSS: 1 Mbit/s, to which stations at the edge fall back
    way.frame = 1500 - kIpv4Udp;      // what an access point bridges: IEEE 802.3, 1500 octets
    way.overhead = kIpv4Udp + 8 + 30  // IEEE 802.2 LLC/SNAP (RFC 1042) 8, IEEE 802.11 QoS header 26 and FCS 4
                   + 24;              // IEEE 802.11 long preamble and PLCP header: 192 us at 1 Mbit/s
    way.loss = percent(3);  // our choice: after the retries of 802.11 (7 for short frames by default)
    way.burst = Burst{percent(1), percent(20), percent(80)};  // our choice: a microwave oven, neighbours
    way.duplicate = percent(1);         // our choice: an 802.11 ACK was lost, the receiver's cache missed it
    way.reorder = percent(1);           // our choice: roaming, retries of aggregated frames
    way.reorder_by = milliseconds{50};  // our choice
    way.delay = milliseconds{3};        // our choice
    way.jitter = milliseconds{120};     // our choice: contention, power saving (a beacon comes every 102 ms)
    way.queue = 200;                    // our choice: bufferbloat
    return LinkSettings{way, way, {}, {}};
}

LinkSettings ieee802_15_4() {
    DirectionSettings way;
    way.rate = 250'000;  // IEEE 802.15.4, O-QPSK PHY at 2.4 GHz: 250 kbit/s
    // RFC 4944 section 4: of 127 octets at most 25 are MAC header and FCS and 21 are security (AES-CCM-128);
    // 81 are left. Section 5.3: a fragment header takes up to 5, what is left carries a multiple of 8.
    way.frame = 72;
    way.overhead = 25 + 21 + 5 + 6;  // and the PHY's preamble 4, delimiter 1, length 1 (IEEE 802.15.4)
    way.mtu = 1280 - 40 - 8;         // RFC 4944 section 4: IPv6 packets up to 1280 octets; RFC 8200, RFC 768
    way.loss = percent(2);  // our choice: of a frame, after macMaxFrameRetries = 3 (IEEE 802.15.4 default)
    way.burst = Burst{Chance{5'000}, percent(10), percent(60)};  // our choice: Wi-Fi in the same band
    way.duplicate = percent(1);                                  // our choice: the acknowledgement was lost
    way.delay = milliseconds{10};   // our choice: two or three hops with their turnaround and queues
    way.jitter = milliseconds{20};  // our choice: per hop 0..2.24 ms of CSMA-CA at the first try (macMinBE 3,
                                    // unit 320 us, IEEE 802.15.4), more after each busy channel
    way.queue = 8;                  // our choice: packets that a small node has memory for
    return LinkSettings{way, way, {}, {}};
}

LinkSettings nb_iot() {
    DirectionSettings up;
    // Our sum of headers: PDCP 1 (3GPP TS 36.323), RLC in acknowledged mode 2 (TS 36.322), MAC 2 (TS 36.321).
    // IP and UDP are counted in every transport block, which is exact for datagrams of one block.
    up.overhead = kIpv4Udp + 5;
    up.frame = 125 - up.overhead;  // 3GPP TS 36.213 clause 16.5.1 (Release 13): blocks up to 1000 bits
    up.mtu = 1600 - kIpv4Udp;      // 3GPP TS 36.323 clause 4.3.1: the longest PDCP SDU in NB-IoT
    up.rate = 5'000;          // our choice: between 160 bit/s at a coupling loss of 164 dB (3GPP TR 45.820)
                              // and some 20 kbit/s with a single 15 kHz tone in good coverage
    up.loss = Chance{5'000};  // our choice: after HARQ and RLC
    up.burst = Burst{Chance{1'000}, percent(10), percent(50)};  // our choice: cell change
    up.duplicate = Chance{2'000};                               // our choice
    up.delay = milliseconds{300};     // our choice: scheduling request and grant, core network
    up.jitter = milliseconds{2'500};  // our choice: random access and repetitions; 3GPP TR 45.820 allows 10 s
    up.queue = 16;                    // our choice: a modem's buffer
    DirectionSettings down = up;
    down.frame = 85 - down.overhead;    // 3GPP TS 36.213 clause 16.4.1 (Release 13): blocks up to 680 bits
    down.rate = 10'000;                 // our choice: below the some 26 kbit/s that category NB1 can keep up
    down.jitter = milliseconds{1'500};  // our choice: no random access; paging and eDRX are not modelled
    RebindSettings rebind;
    rebind.after_idle = minutes{2};  // RFC 4787 REQ-5: a NAT may forget after two minutes, not sooner
    return LinkSettings{up, down, {}, rebind};
}

LinkSettings lora_like() {
    DirectionSettings up;
    up.rate = 1'760;  // LoRaWAN Regional Parameters, EU863-870: DR3 is SF9 at 125 kHz, 1760 bit/s
    up.mtu = 115;     // the same, maximum payload size: N = 115 at DR3. LoRaWAN does not fragment
    // LoRaWAN 1.0.3: MHDR 1, FHDR 7, FPort 1, MIC 4. The rest is preamble (8 + 4.25 symbols of 4.096 ms), PHY
    // header, CRC and rounding up to whole blocks, in octets at this rate: the airtime of Semtech AN1200.13
    // within 5 %.
    up.overhead = 13 + 22;
    up.duty_cycle = percent(1);    // ETSI EN 300 220-2: 868.0 to 868.6 MHz, the three default channels
    up.loss = percent(10);         // our choice: unslotted ALOHA (RFC 8376 section 2.1) with some neighbours
    up.delay = milliseconds{100};  // our choice: gateway to network server
    up.jitter = milliseconds{50};  // our choice
    up.queue = 4;                  // our choice: what waits for the duty cycle
    DirectionSettings down = up;
    down.duty_cycle = percent(10);  // ETSI EN 300 220-2: 869.40 to 869.65 MHz, second receive window
    down.delay = seconds{1};  // LoRaWAN Regional Parameters: RECEIVE_DELAY1. That a device listens only after
                              // it has sent is not modelled
    down.loss = percent(5);   // our choice: more power, fewer senders
    return LinkSettings{up, down, {}, {}};
}

LinkSettings satellite() {
    DirectionSettings up;
    up.delay =
        milliseconds{260};  // RFC 2488 section 2: 239.6 to 279.0 ms ground to ground; ITU-T G.114: 260 ms
    up.jitter = milliseconds{60};  // our choice: waiting for a time slot on the return channel
    up.rate = 128'000;             // our choice: a small terminal
    up.frame = 1500 - kIpv4Udp;    // our choice: as Ethernet
    up.overhead = kIpv4Udp + 10;   // our choice: encapsulation
    up.loss = Chance{1'000};       // a bit error rate of 10^-7 (RFC 2488 section 2, typical) over 1500 octets
    up.burst = Burst{Chance{500}, percent(5), percent(80)};  // our choice: rain, a passing truck
    up.queue = 50;                                           // our choice
    DirectionSettings down = up;
    down.rate = 1'000'000;           // our choice: asymmetric, as such services are
    down.jitter = milliseconds{20};  // our choice: no slots to wait for
    return LinkSettings{up, down, {}, {}};
}

}  // namespace

std::span<const LinkPreset> link_presets() {
    static const std::array<LinkPreset, 6> presets{{
        {"lan", "wired local network: 100 Mbit/s, 0.2 ms, no loss", lan()},
        {"wifi-bad",
         "Wi-Fi at the edge of its reach: bursts of loss, up to 120 ms of jitter, some reordering",
         wifi_bad()},
        {"802.15.4", "6LoWPAN mesh at 2.4 GHz: 250 kbit/s, 72 octets a frame, 2 % of the frames lost, bursts",
         ieee802_15_4()},
        {"nb-iot", "cellular, medium coverage: 5 kbit/s up, up to 2.8 s, NAT forgets after 2 min", nb_iot()},
        {"lora-like", "LoRa SF9 in the EU: 1760 bit/s, 1 % duty cycle, 115 octets at most, 10 % loss",
         lora_like()},
        {"satellite", "geostationary satellite: 260 ms each way, 128 kbit/s up, 1 Mbit/s down, rain fades",
         satellite()},
    }};
    return presets;
}

const LinkPreset* find_link_preset(std::string_view name) {
    for (const LinkPreset& preset : link_presets()) {
        if (preset.name == name) {
            return &preset;
        }
    }
    return nullptr;
}

}  // namespace mqttsn::lossy
