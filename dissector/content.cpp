// SPDX-License-Identifier: GPL-2.0-or-later
#include "dissector/content.hpp"

namespace mqttsnx {
namespace {

std::string_view as_text(Octets data) noexcept {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
}

/// RFC 8259, read from the left; `ok` is the verdict so far.
class JsonReader {
  public:
    explicit JsonReader(std::string_view text) noexcept : text_(text) {}

    bool is_object_or_array() noexcept {
        skip_space();
        if (peek() != '{' && peek() != '[') {
            return false;
        }
        const bool ok = value(0);
        skip_space();
        return ok && at_ == text_.size();
    }

  private:
    char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool take(char wanted) noexcept {
        const bool there = at_ < text_.size() && text_[at_] == wanted;
        at_ += there ? 1 : 0;
        return there;
    }
    void skip_space() noexcept {
        while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') {
            ++at_;
        }
    }
    bool word(std::string_view wanted) noexcept {
        const bool there = text_.substr(at_, wanted.size()) == wanted;
        at_ += there ? wanted.size() : 0;
        return there;
    }
    std::size_t digits() noexcept {
        const std::size_t before = at_;
        while (peek() >= '0' && peek() <= '9') {
            ++at_;
        }
        return at_ - before;
    }
    bool number() noexcept {
        take('-');
        const bool zero = peek() == '0';
        const std::size_t whole = digits();
        if (whole == 0 || (zero && whole > 1) || (take('.') && digits() == 0)) {
            return false;
        }
        if (take('e') || take('E')) {
            if (!take('+')) {
                take('-');
            }
            return digits() != 0;
        }
        return true;
    }
    bool escape() noexcept {
        constexpr std::string_view kShort = "\"\\/bfnrt";
        if (!take('u')) {
            const bool known = at_ < text_.size() && kShort.find(text_[at_]) != std::string_view::npos;
            at_ += known ? 1 : 0;
            return known;
        }
        constexpr std::string_view kHex = "0123456789abcdefABCDEF";
        for (int i = 0; i < 4; ++i, ++at_) {
            if (at_ >= text_.size() || kHex.find(text_[at_]) == std::string_view::npos) {
                return false;
            }
        }
        return true;
    }
    bool string() noexcept {
        if (!take('"')) {
            return false;
        }
        while (at_ < text_.size() && text_[at_] != '"') {
            if (static_cast<unsigned char>(text_[at_]) < 0x20) {
                return false;
            }
            if (take('\\')) {
                if (!escape()) {
                    return false;
                }
            } else {
                ++at_;
            }
        }
        return take('"');
    }
    bool members(char end, bool named, int depth) noexcept {
        skip_space();
        if (take(end)) {
            return true;
        }
        do {
            skip_space();
            if (named) {
                if (!string()) {
                    return false;
                }
                skip_space();
                if (!take(':')) {
                    return false;
                }
            }
            if (!value(depth + 1)) {
                return false;
            }
            skip_space();
        } while (take(','));
        return take(end);
    }
    bool value(int depth) noexcept {
        if (depth > kContentDepth) {
            return false;
        }
        skip_space();
        if (take('{')) {
            return members('}', true, depth);
        }
        if (take('[')) {
            return members(']', false, depth);
        }
        if (peek() == '"') {
            return string();
        }
        return word("true") || word("false") || word("null") || number();
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// RFC 8949, appendix C, read from the left.
class CborReader {
  public:
    explicit CborReader(Octets data) noexcept : data_(data) {}

    bool is_map_or_array() noexcept {
        constexpr std::uint8_t kSelfDescribed[] = {0xD9, 0xD9, 0xF7};
        if (data_.size() > 3 && data_[0] == kSelfDescribed[0] && data_[1] == kSelfDescribed[1] &&
            data_[2] == kSelfDescribed[2]) {
            at_ = 3;
        }
        if (at_ >= data_.size()) {
            return false;
        }
        const int major = data_[at_] >> 5;
        return (major == kArray || major == kMap) && item(0, false) == Item::one && at_ == data_.size();
    }

  private:
    enum class Item { bad, one, stop };
    static constexpr int kBytes = 2, kText = 3, kArray = 4, kMap = 5, kTag = 6, kSimple = 7;

    /// The argument of an initial octet. @returns false: cut, or a reserved form
    bool argument(int info, std::uint64_t& value) noexcept {
        if (info < 24) {
            value = static_cast<std::uint64_t>(info);
            return true;
        }
        if (info > 27) {
            return false;
        }
        const std::size_t size = std::size_t{1} << (info - 24);
        if (data_.size() - at_ < size) {
            return false;
        }
        value = 0;
        for (std::size_t i = 0; i < size; ++i) {
            value = value << 8 | data_[at_++];
        }
        return true;
    }

    bool octets(int major, std::uint64_t size) noexcept {
        if (data_.size() - at_ < size) {
            return false;
        }
        const Octets there = data_.subspan(at_, static_cast<std::size_t>(size));
        at_ += there.size();
        return major != kText || is_utf8(as_text(there));
    }

    /// A piece of a string has a length of its own: pieces of pieces are not well-formed.
    bool is_piece_or_stop(int major) const noexcept {
        if (at_ >= data_.size()) {
            return false;
        }
        const std::uint8_t first = data_[at_];
        return first == 0xFF || (first >> 5 == major && (first & 31) != 31);
    }

    /// Items until `stop`, in pairs if it is a map; or the pieces of a string, all of its major type.
    Item indefinite(int major, int depth) noexcept {
        for (std::uint64_t count = 0;; ++count) {
            if (major < kArray && !is_piece_or_stop(major)) {
                return Item::bad;
            }
            const Item next = item(depth + 1, true);
            if (next == Item::stop) {
                return major == kMap && count % 2 != 0 ? Item::bad : Item::one;
            }
            if (next == Item::bad) {
                return Item::bad;
            }
        }
    }

    Item item(int depth, bool stop_allowed) noexcept {
        if (depth > kContentDepth || at_ >= data_.size()) {
            return Item::bad;
        }
        const std::uint8_t first = data_[at_++];
        const int major = first >> 5;
        const int info = first & 31;
        if (info == 31) {
            if (major == kSimple) {
                return stop_allowed ? Item::stop : Item::bad;
            }
            return major >= kBytes && major <= kMap ? indefinite(major, depth) : Item::bad;
        }
        std::uint64_t value = 0;
        if (!argument(info, value)) {
            return Item::bad;
        }
        if (major == kBytes || major == kText) {
            return octets(major, value) ? Item::one : Item::bad;
        }
        if (major == kSimple) {
            return info == 24 && value < 32 ? Item::bad : Item::one;
        }
        if (major != kArray && major != kMap && major != kTag) {
            return Item::one;
        }
        // Each item takes an octet at least: a count beyond the data is found before it is counted out.
        const std::uint64_t left = data_.size() - at_;
        if (value > left && major != kTag) {
            return Item::bad;
        }
        for (std::uint64_t n = major == kTag ? 1 : major == kMap ? 2 * value : value; n > 0; --n) {
            if (item(depth + 1, false) != Item::one) {
                return Item::bad;
            }
        }
        return Item::one;
    }

    Octets data_;
    std::size_t at_ = 0;
};

/// Cuts the first level off `rest`. @returns it; `more` whether there was a '/' behind it
std::string_view next_level(std::string_view& rest, bool& more) noexcept {
    const std::size_t slash = rest.find('/');
    more = slash != std::string_view::npos;
    const std::string_view level = rest.substr(0, slash);
    rest = more ? rest.substr(slash + 1) : std::string_view{};
    return level;
}

}  // namespace

bool is_json(Octets data) noexcept {
    return is_utf8(as_text(data)) && JsonReader(as_text(data)).is_object_or_array();
}

bool is_cbor(Octets data) noexcept {
    return CborReader(data).is_map_or_array();
}

bool is_text(Octets data) noexcept {
    for (const std::uint8_t octet : data) {
        if ((octet < 0x20 && octet != '\t' && octet != '\n' && octet != '\r') || octet == 0x7F) {
            return false;
        }
    }
    return !data.empty() && is_utf8(as_text(data));
}

const char* content_type(Octets data) noexcept {
    if (is_json(data)) {
        return "application/json";
    }
    if (is_text(data)) {
        return "text/plain";
    }
    return is_cbor(data) ? "application/cbor" : "application/octet-stream";
}

bool is_topic_filter(std::string_view filter) noexcept {
    if (filter.empty()) {
        return false;
    }
    for (bool more = true; more;) {
        const std::string_view level = next_level(filter, more);
        if (level.size() > 1 && has_wildcard(level)) {
            return false;
        }
        if (level == "#" && more) {
            return false;
        }
    }
    return true;
}

bool filter_matches(std::string_view filter, std::string_view topic) noexcept {
    const bool wild = filter.substr(0, 1) == "+" || filter.substr(0, 1) == "#";
    if (topic.empty() || (wild && topic[0] == '$')) {
        return false;
    }
    for (bool more_filter = true, more_topic = true;;) {
        if (!more_filter || !more_topic) {
            // "a/#" means "a" too (MQTT 3.1.1 4.7.1.2).
            return more_filter == more_topic || (more_filter && filter == "#");
        }
        const std::string_view wanted = next_level(filter, more_filter);
        if (wanted == "#") {
            return true;
        }
        const std::string_view level = next_level(topic, more_topic);
        if (wanted != "+" && wanted != level) {
            return false;
        }
    }
}

}  // namespace mqttsnx
