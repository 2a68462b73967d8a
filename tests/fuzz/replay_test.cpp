// SPDX-License-Identifier: BSD-3-Clause
//
// Runs every file of a corpus folder through the target's body, in every build: what a fuzzer found once
// stays found. Usage: replay_test FOLDER. A body aborts on a failure; the last name printed is the file it
// failed on.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/targets.hpp"
#include "support/cmocka.hpp"

namespace {

std::string g_folder;

struct Corpus {
    std::vector<std::filesystem::path> files;
};

int list_corpus(void** state) {
    auto* corpus = new Corpus;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(g_folder, error)) {
        if (entry.is_regular_file()) {
            corpus->files.push_back(entry.path());
        }
    }
    std::sort(corpus->files.begin(), corpus->files.end());
    *state = corpus;
    return error ? -1 : 0;
}

int drop_corpus(void** state) {
    delete static_cast<Corpus*>(*state);
    return 0;
}

// FAULT-46, FAULT-79
void every_corpus_file_keeps_the_properties(void** state) {
    const Corpus& corpus = *static_cast<Corpus*>(*state);
    assert_true(corpus.files.size() > 0);
    for (const std::filesystem::path& path : corpus.files) {
        std::printf("%s\n", path.filename().c_str());
        std::fflush(stdout);
        std::ifstream file(path, std::ios::binary);
        const std::vector<char> octets{std::istreambuf_iterator<char>(file),
                                       std::istreambuf_iterator<char>()};
        DORMOUSE_FUZZ_BODY(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size());
    }
}

void no_octets_at_all_keep_the_properties(void** /*state*/) {
    DORMOUSE_FUZZ_BODY(nullptr, 0);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    g_folder = argv[1];
    const CMUnitTest tests[] = {
        cmocka_unit_test(no_octets_at_all_keep_the_properties),
        cmocka_unit_test(every_corpus_file_keeps_the_properties),
    };
    return cmocka_run_group_tests_name("fuzz.replay", tests, list_corpus, drop_corpus);
}
