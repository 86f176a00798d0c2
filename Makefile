# make demo      set up, build, and answer questions about bundled pictures
# make test      set up, build, and run every test, the examples and a trial installation
# make build     set up and build .build/release/hired
# make install   put the program, its libraries and the demo model under PREFIX (default /usr/local); DESTDIR is obeyed;
#                make uninstall takes them away again
# make dist      write an archive, and a Debian package, for people who install no Swift, into dist/ (Linux)
# make docs      write the two libraries' documentation archives
# make sanitize  test the readers of pictures, checkpoints and tokenizers, and feed them damaged files, under sanitizers
# make fuzz      feed them damaged files for SECONDS (default 600) from SEED (default 1)
# make lint      check the formatting and the manifest; make format mends the formatting

export PKG_CONFIG_PATH := $(CURDIR)/.deps/pkgconfig:$(PKG_CONFIG_PATH)
PREFIX ?= /usr/local
# Tests and products share one build folder and one set of flags: hot loops are tens of times slower in debug. The run
# path is that of an installed program; in the build folder the libraries lie beside it.
ORIGIN := $(if $(filter Darwin,$(shell uname -s)),@loader_path,$$ORIGIN)
RUN_PATH := -Xlinker -rpath -Xlinker '$(ORIGIN)/../lib/hired'
SWIFT_FLAGS := -c release -Xswiftc -enable-testing $(RUN_PATH)
SWIFT_SOURCES := Package.swift Sources Tests Benchmarks Examples

.PHONY: demo build test sanitize fuzz install uninstall dist lint format bench bootstrap docs clean

demo: build
	.build/release/hired demo

bootstrap:
	@script/bootstrap

build: bootstrap
	swift build $(SWIFT_FLAGS) --product hired

# One at a time: an engine takes every core, and what a test sees must not depend on its company.
test: bootstrap
	swift test $(SWIFT_FLAGS) --no-parallel
	script/check-examples
	script/check-install

# Assertions on, the address sanitizer over Swift and C, undefined behaviour in C traps. OpenVINO is only linked there.
SANITIZED := HIRED_READERS=1 swift
SANITIZE_FLAGS := --scratch-path .build-sanitize $(SWIFT_FLAGS) -Xswiftc -assert-config -Xswiftc Debug \
	--sanitize address -Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined
# OpenVINO keeps what it allocates at start, and frees with one operator what it allocated with another.
sanitize fuzz: export ASAN_OPTIONS := detect_leaks=0:alloc_dealloc_mismatch=0:detect_odr_violation=0
FUZZ := LD_LIBRARY_PATH=.deps/openvino/libs .build-sanitize/release/hired-fuzz --folder .build-sanitize/fuzz

sanitize: bootstrap
	$(SANITIZED) test $(SANITIZE_FLAGS)
	$(FUZZ) --rounds 20000

SECONDS ?= 600
SEED ?= 1
fuzz: bootstrap
	$(SANITIZED) build $(SANITIZE_FLAGS) --product hired-fuzz
	$(FUZZ) --seconds $(SECONDS) --seed $(SEED)

# The Swift runtime is linked statically; a folder of its own keeps that from relinking everything else.
install: bootstrap
	script/install '$(DESTDIR)$(PREFIX)' -c release $(RUN_PATH)

uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/hired'
	rm -rf '$(DESTDIR)$(PREFIX)/lib/hired' '$(DESTDIR)$(PREFIX)/share/hired'

# script/check-dist tries what it wrote on a bare Debian.
dist: bootstrap
	script/dist -c release $(RUN_PATH)

docs: bootstrap
	HIRED_DOCS=1 swift package --scratch-path .build-docs generate-documentation --target HiRED --warnings-as-errors
	HIRED_DOCS=1 swift package --scratch-path .build-docs generate-documentation --target HiREDInference --warnings-as-errors

lint:
	swift format lint --strict --recursive $(wildcard $(SWIFT_SOURCES))
	@! grep -n unsafeFlags Package.swift Examples/*/Package.swift
	script/target-graph --check

format:
	swift format --in-place --recursive $(wildcard $(SWIFT_SOURCES))

bench: bootstrap
	swift run $(SWIFT_FLAGS) HiREDBenchmarks

clean:
	rm -rf .build .build-docs .build-sanitize demo-output dist
