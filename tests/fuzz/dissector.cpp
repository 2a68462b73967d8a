// SPDX-License-Identifier: GPL-2.0-or-later
//
// The whole plugin inside Wireshark: its objects are linked into this program, libwireshark dissects frames
// that are made from the input. The input is a script of datagrams:
//
//   how     bit 0: from the gateway   bit 1: the other device   bit 2: to everybody   bit 3: 256 octets more
//           bits 5-4: how much the capture lost: nothing, one octet, half, all but 4 octets
//           bits 7-6: time since the datagram before: 10 ms, 1 s, 100 s, 10 h
//   size    octets of the datagram
//   octets  and the next datagram
//
// Each frame is dissected as it arrives, without details, and again with them: what is kept of a packet must
// be right whenever it is shown. Addresses are new with every input, so that an input does the same alone;
// the capture file is a new one after many inputs, because opening one takes long.
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "dissector/wireshark.hpp"
#include "fuzz/dissector_listeners.hpp"
#include "fuzz/script.hpp"
#include "fuzz/targets.hpp"

#include <epan/column-info.h>
#include <epan/column.h>
#include <epan/epan.h>
#include <epan/epan_dissect.h>
#include <epan/frame_data.h>
#include <wiretap/wtap.h>
#include <wsutil/filesystem.h>
#include <wsutil/privileges.h>

extern "C" {
void plugin_register(void);
// Wireshark does not free everything when it ends; leaks are looked for elsewhere.
int __lsan_is_turned_off(void);  // NOLINT: the sanitizer's name
int __lsan_is_turned_off(void) {
    return 1;
}
}

/// What libwireshark asks the program for: times of the frames of the file, from number 1.
struct packet_provider_data {  // NOLINT: Wireshark's name
    std::vector<nstime_t> times;
};

namespace {

constexpr unsigned kInputsPerFile = 20000;
constexpr unsigned kDatagramsMax = 16;
constexpr std::size_t kHeaders = 28;  // IPv4 and UDP
constexpr std::uint16_t kGatewayPort = 1884, kDevicePort = 50000, kGroupPort = 1883;

struct Frame {
    std::vector<std::uint8_t> octets;  // as captured
    std::uint32_t on_the_wire;
    frame_data data;
};

/// Columns of the packet list.
struct Shown {
    std::string protocol, info;
    friend bool operator==(const Shown&, const Shown&) = default;
};

/// libwireshark with the plugin, and one capture file.
class Bed {
  public:
    Bed();
    ~Bed();
    Bed(const Bed&) = delete;
    Bed& operator=(const Bed&) = delete;
    void run(test::Script script);

  private:
    void new_file();
    void add(test::Script& script, std::vector<Frame>& frames);
    Shown dissect(Frame& frame, bool details);
    std::string column(int format) const;

    packet_provider_data provider_;
    epan_t* file_ = nullptr;
    column_info columns_{};
    std::unique_ptr<test::Listeners> listeners_;
    unsigned inputs_ = 0;
    std::uint64_t milliseconds_ = 0;
};

const nstime_t* time_of(packet_provider_data* provider, guint32 number) {
    const bool known = number != 0 && number <= provider->times.size();
    return known ? &provider->times[number - 1] : nullptr;
}

// Something for each kind of rule to do.
constexpr const char* kSettings[] = {
    "mqttsnx.guess_cbor:TRUE",
    "uat:mqttsnx_payload_rules:\"topic filter\",\"a/+\",\"data-text-lines\",\"\"",
    "uat:mqttsnx_payload_rules:\"regular expression\",\"^[a-f]b$\",\"json\",\"\"",
    "uat:mqttsnx_payload_rules:\"ends with\",\"t\",\"cbor\",\"\"",
    "uat:mqttsnx_predefined_topics:\"\",\"\",\"1\",\"a/predefined\"",
    "uat:mqttsnx_predefined_topics:\"\",\"dev*\",\"2\",\"of/{client_id}\"",
};

const packet_provider_funcs kProvider = {time_of, nullptr, nullptr, nullptr};

Bed::Bed() {
    // Each allocation on its own, so that AddressSanitizer sees its ends; a bug ends the program.
    setenv("WIRESHARK_DEBUG_WMEM_OVERRIDE", "simple", 1);
    setenv("WIRESHARK_ABORT_ON_DISSECTOR_BUG", "1", 1);
    setenv("WIRESHARK_ABORT_ON_TOO_MANY_ITEMS", "1", 1);
    setenv("HOME", "/nonexistent", 1);  // nobody's settings
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    init_process_policies();
    g_free(configuration_init("fuzz_dissector", nullptr));
    wtap_init(FALSE);
    plugin_register();
    FUZZ_CHECK(epan_init(nullptr, nullptr, FALSE));
    epan_load_settings();
    for (std::string setting : kSettings) {
        char* problem = nullptr;
        FUZZ_CHECK(prefs_set_pref(setting.data(), &problem) == PREFS_SET_OK);
    }
    prefs_apply_all();
    build_column_format_array(&columns_, prefs.num_cols, TRUE);
    listeners_ = std::make_unique<test::Listeners>();
    new_file();
}

Bed::~Bed() {
    listeners_.reset();
    epan_free(file_);
    epan_cleanup();
    wtap_cleanup();
}

void Bed::new_file() {
    if (file_ != nullptr) {
        epan_free(file_);
    }
    provider_.times.clear();
    file_ = epan_new(&provider_, &kProvider);
}

void put(std::vector<std::uint8_t>& out, std::uint32_t value, unsigned octets) {
    while (octets-- > 0) {
        out.push_back(static_cast<std::uint8_t>(value >> (8 * octets)));
    }
}

void Bed::add(test::Script& script, std::vector<Frame>& frames) {
    const unsigned how = script.octet();
    const std::size_t wanted = script.octet() + ((how & 8U) != 0 ? 256U : 0U);
    const mqttsn::Bytes datagram = script.octets(wanted);
    const std::uint32_t input = inputs_ & 0xFFFFU;
    const std::uint32_t device = 0x0A000000U | input << 8U | ((how & 2U) != 0 ? 2U : 1U);
    const std::uint32_t gateway = 0x0B000000U | input << 8U | 1U;
    const bool down = (how & 1U) != 0;
    const bool to_all = (how & 4U) != 0;

    Frame frame{};
    std::vector<std::uint8_t>& out = frame.octets;
    put(out, 0x45000000U | static_cast<std::uint32_t>(kHeaders + datagram.size), 4);
    put(out, 0, 4);
    put(out, 0x40110000U, 4);  // UDP
    put(out, down ? gateway : device, 4);
    put(out, to_all ? 0xE1010101U : down ? device : gateway, 4);
    put(out, down ? kGatewayPort : kDevicePort, 2);
    put(out, to_all ? kGroupPort : down ? kDevicePort : kGatewayPort, 2);
    put(out, static_cast<std::uint32_t>(8 + datagram.size), 2);
    put(out, 0, 2);  // no checksum
    out.insert(out.end(), datagram.begin(), datagram.end());
    frame.on_the_wire = static_cast<std::uint32_t>(out.size());
    const std::size_t kept[] = {datagram.size, datagram.size - (datagram.empty() ? 0 : 1), datagram.size / 2,
                                std::min<std::size_t>(datagram.size, 4)};
    out.resize(kHeaders + kept[how >> 4U & 3U]);

    constexpr std::uint64_t kSteps[] = {10, 1000, 100'000, 36'000'000};
    milliseconds_ += kSteps[how >> 6U & 3U];
    wtap_rec record{};
    record.rec_type = REC_TYPE_PACKET;
    record.presence_flags = WTAP_HAS_TS | WTAP_HAS_CAP_LEN;
    record.ts.secs = static_cast<time_t>(milliseconds_ / 1000);
    record.ts.nsecs = static_cast<int>(milliseconds_ % 1000 * 1'000'000);
    record.rec_header.packet_header.caplen = static_cast<std::uint32_t>(out.size());
    record.rec_header.packet_header.len = frame.on_the_wire;
    provider_.times.push_back(record.ts);
    frame_data_init(&frame.data, static_cast<std::uint32_t>(provider_.times.size()), &record, 0, 0);
    frames.push_back(std::move(frame));
}

std::string Bed::column(int format) const {
    for (int i = 0; i < columns_.num_cols; ++i) {
        if (columns_.columns[i].col_fmt == format) {
            return columns_.columns[i].col_data;
        }
    }
    return {};
}

Shown Bed::dissect(Frame& frame, bool details) {
    wtap_rec record;
    wtap_rec_init(&record);
    record.rec_type = REC_TYPE_PACKET;
    record.presence_flags = WTAP_HAS_TS | WTAP_HAS_CAP_LEN;
    record.ts = frame.data.abs_ts;
    record.rec_header.packet_header.caplen = frame.data.cap_len;
    record.rec_header.packet_header.len = frame.data.pkt_len;
    record.rec_header.packet_header.pkt_encap = WTAP_ENCAP_RAW_IP;

    epan_dissect_t* dissection = epan_dissect_new(file_, details, details);
    nstime_t elapsed{};
    const frame_data* reference = nullptr;
    frame_data_set_before_dissect(&frame.data, &elapsed, &reference, nullptr);
    tvbuff_t* tvb =
        tvb_new_real_data(frame.octets.data(), frame.data.cap_len, static_cast<int>(frame.data.pkt_len));
    const auto run = details ? epan_dissect_run_with_taps : epan_dissect_run;
    run(dissection, WTAP_FILE_TYPE_SUBTYPE_UNKNOWN, &record, tvb, &frame.data, &columns_);
    std::uint32_t octets = 0;
    frame_data_set_after_dissect(&frame.data, &octets);
    Shown shown{column(COL_PROTOCOL), column(COL_INFO)};
    epan_dissect_free(dissection);
    wtap_rec_cleanup(&record);
    return shown;
}

void Bed::run(test::Script script) {
    if (++inputs_ % kInputsPerFile == 0) {
        new_file();
    }
    std::vector<Frame> frames;
    while (!script.at_end() && frames.size() < kDatagramsMax) {
        add(script, frames);
        dissect(frames.back(), false);
    }
    for (Frame& frame : frames) {
        const Shown with_details = dissect(frame, true);
        FUZZ_CHECK(dissect(frame, false) == with_details);
        // UDP gives its octets to nobody if none are there; else the plugin was asked, and took them.
        FUZZ_CHECK(frame.octets.size() == kHeaders || with_details.protocol.rfind("MQTT-SN", 0) == 0);
    }
    listeners_->forget();
    for (Frame& frame : frames) {
        frame_data_destroy(&frame.data);
    }
}

}  // namespace

void fuzz_dissector(const std::uint8_t* data, std::size_t size) {
    static Bed bed;
    bed.run(test::Script(data, size));
}
