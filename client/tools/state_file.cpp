// SPDX-License-Identifier: BSD-3-Clause
#include "state_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace mqttsn::tools {

namespace {

/// Tells a session from any other file that someone may name by mistake.
constexpr std::array<std::uint8_t, 16> kMark = {'m', 'q', 't', 't', 's', 'n', ' ', 's',
                                                'e', 's', 's', 'i', 'o', 'n', ' ', '\n'};
constexpr std::size_t kOctetsMax = 32U << 20U;

bool read_all(int fd, std::vector<std::uint8_t>& contents) {
    std::array<std::uint8_t, 65536> chunk;
    while (contents.size() <= kOctetsMax) {
        const ssize_t got = read(fd, chunk.data(), chunk.size());
        if (got == 0) {
            return true;
        }
        if (got < 0 && errno != EINTR) {
            return false;
        }
        contents.insert(contents.end(), chunk.begin(), chunk.begin() + (got > 0 ? got : 0));
    }
    errno = EFBIG;
    return false;
}

bool write_all(int fd, const std::vector<std::uint8_t>& contents) {
    std::size_t done = 0;
    while (done < contents.size()) {
        const ssize_t put = write(fd, contents.data() + done, contents.size() - done);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        done += put > 0 ? static_cast<std::size_t>(put) : 0;
    }
    return true;
}

}  // namespace

std::string StateFile::load(std::vector<std::uint8_t>& blob) const {
    blob.clear();
    const int fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? "" : "cannot read " + path_ + ": " + std::strerror(errno);
    }
    const bool well = read_all(fd, blob);
    const int error = errno;
    close(fd);
    if (!well) {
        return "cannot read " + path_ + ": " + std::strerror(error);
    }
    if (blob.size() < kMark.size() || std::memcmp(blob.data(), kMark.data(), kMark.size()) != 0) {
        return path_ + " is not a file of --state: name another one, or delete it";
    }
    blob.erase(blob.begin(), blob.begin() + kMark.size());
    return "";
}

std::string StateFile::store(const mqttsn_client& client) {
    contents_.assign(kMark.begin(), kMark.end());
    const std::size_t octets = mqttsn_save(&client, nullptr, 0);
    contents_.resize(kMark.size() + octets);
    if (octets == 0 || mqttsn_save(&client, contents_.data() + kMark.size(), octets) != octets) {
        return "the session with its message is too large for " + path_;
    }
    const std::string fresh = path_ + ".new";
    const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool well = fd >= 0 && write_all(fd, contents_);
    int error = errno;
    if (fd >= 0 && close(fd) != 0 && well) {
        well = false;
        error = errno;
    }
    if (well && std::rename(fresh.c_str(), path_.c_str()) != 0) {
        well = false;
        error = errno;
    }
    return well ? "" : "cannot write " + path_ + ": " + std::strerror(error);
}

}  // namespace mqttsn::tools
