# lua-xai: a client for the xAI (Grok) REST API, for Lua.
#
#   make demo                      watch an answer stream in
#   make run EXAMPLE=chat          run examples/chat.lua
#   make test LUA_VERSION=5.1      run the suite on another Lua
#   make help                      everything else
#
# All that make makes is under .build/, one folder per variant; `make clean`
# removes it.  Required flags are added to CFLAGS and LDFLAGS, so both may be
# given on the command line.

# ---- Variables ------------------------------------------------------------

LUA_VERSION ?= 5.4
PREFIX      ?= /usr/local
CFLAGS      ?= -O2
PKG_CONFIG  ?= pkg-config

# The six Luas.  LuaJIT shares the folders of 5.1.
LUAS    = 5.1 5.2 5.3 5.4 5.5 jit
LUA     ?= lua$(LUA_VERSION)
LUA_PC  ?= $(LUA)
LUA_DIR  = $(subst jit,5.1,$(LUA_VERSION))

ifeq ($(filter $(LUA_VERSION),$(LUAS)),)
$(error LUA_VERSION must be one of: $(LUAS))
endif

# These ask pkg-config when a command needs them, not before: what they look
# for may still be on its way when this file is read.
LUA_CFLAGS  ?= $(shell $(PKG_CONFIG) --cflags $(LUA_PC))
CURL_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags libcurl)
CURL_LIBS   ?= $(shell $(PKG_CONFIG) --libs libcurl)

# The module finds libcurl when it is loaded.  `make LINK_CURL=1` links it: for
# packages that declare what they are linked with, and for static libraries.
LINK_CURL   ?=

# Elsewhere than in the system's folders, it is found where it was built for.
CURL_DIR    ?= $(filter-out /usr/lib% /lib%,$(shell $(PKG_CONFIG) --variable=libdir libcurl))
FOR_CURL     = $(if $(LINK_CURL),$(CURL_LIBS),$(CURL_DIR:%=-Wl,-rpath,%))

# `make VERBOSE=1` shows the commands.
Q = $(if $(VERBOSE),,@)

# A variant is a Lua version and, for special builds, a suffix.
SUFFIX ?=
OUT     = .build/$(LUA_VERSION)$(SUFFIX)

LUA_DEST  = $(DESTDIR)$(PREFIX)/share/lua/$(LUA_DIR)/xai
CORE_DEST = $(DESTDIR)$(PREFIX)/lib/lua/$(LUA_DIR)/xai

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
           -Wstrict-prototypes -Wmissing-prototypes
COMPILE  = $(CC) -std=c99 -fPIC $(WARNINGS) \
           -Isrc $(LAYER_CFLAGS) $(if $(LINK_CURL),-DXAI_LINK_CURL) \
           $(CPPFLAGS) $(CFLAGS)

# liblua is never linked: the host brings its own.  A late resolver thread of
# libcurl may outlive the Lua state, so the module stays loaded (nodelete).
ifeq ($(shell uname -s),Darwin)
MODULE_LDFLAGS = -bundle -undefined dynamic_lookup
else
MODULE_LDFLAGS = -shared -Wl,-z,nodelete
endif

# ---- Files ----------------------------------------------------------------

CORE    = $(OUT)/xai/core.so
SOURCES = $(sort $(wildcard src/base/*.c src/net/*.c src/bind/*.c))
LUA_SRC = $(filter-out src/xai/testing.lua src/xai/testing/%,$(sort $(wildcard src/xai/*.lua src/xai/*/*.lua)))
LUA_DIRS = $(sort $(dir $(LUA_SRC:src/xai/%=%)))
OBJECTS = $(SOURCES:src/%.c=$(OUT)/%.o)
BASE    = $(filter $(OUT)/base/%,$(OBJECTS))
C_TESTS = $(patsubst spec/c/%.c,$(OUT)/c/%,$(wildcard spec/c/*_test.c))

# What Debian does not package for Lua 5.5 is built here.
FOR_55   = .build/for-lua5.5
MODULES  = $(if $(filter 5.5,$(LUA_VERSION)),modules)

# What `require "xai"` needs to find this build, here and in child processes.
# A versioned variable would hide the plain one, so it is folded into it.
V         := $(subst .,_,$(LUA_VERSION))
LUA_PATH  := $(CURDIR)/src/?.lua;$(CURDIR)/src/?/init.lua;$(or $(LUA_PATH_$V),$(LUA_PATH),;)
LUA_CPATH := $(CURDIR)/$(OUT)/?.so;$(or $(LUA_CPATH_$V),$(LUA_CPATH),;)
ifeq ($(LUA_VERSION),5.5)
LUA_CPATH := $(CURDIR)/$(FOR_55)/?.so;$(LUA_CPATH)
endif
export LUA_PATH LUA_CPATH
unexport LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 LUA_PATH_5_5
unexport LUA_CPATH_5_2 LUA_CPATH_5_3 LUA_CPATH_5_4 LUA_CPATH_5_5

# ---- Watchers -------------------------------------------------------------

# The interpreter is not instrumented, so the runtime is loaded before it.  All
# its children get that too; leaks are looked for in Lua and in spec/c.
SANITIZE   = -fsanitize=address,undefined -fno-sanitize-recover=all
LEAKS      = .build/leaks
UNDER_ASAN = env LD_PRELOAD=$$($(CC) -print-file-name=libasan.so) \
             ASAN_OPTIONS=detect_leaks=0:include_if_exists=$(CURDIR)/$(LEAKS)/%b \
             LSAN_OPTIONS=print_suppressions=0:suppressions=$(CURDIR)/$(FORGIVEN).lsan

VALGRIND   = valgrind --quiet --error-exitcode=99 --leak-check=full \
             --errors-for-leak-kinds=definite --trace-children=no \
             --child-silent-after-fork=yes \
             --suppressions=$(CURDIR)/$(FORGIVEN).valgrind

# What a version of libcurl itself leaks is forgiven with that version alone,
# and what lua-readline leaks in the chats of the command.
FORGIVEN   = $(LEAKS)/forgiven
FORGIVE    = @mkdir -p $(LEAKS); \
             version=$$($(PKG_CONFIG) --modversion libcurl | cut -d. -f1,2); \
             for tool in lsan valgrind; do \
               list=spec/support/forgiven/libcurl-$$version.$$tool; \
               [ -e $$list ] || list=/dev/null; \
               cat $$list spec/support/forgiven/readline.$$tool > $(FORGIVEN).$$tool; \
             done

# ---- Targets --------------------------------------------------------------

.PHONY: all demo run nvim love play test test-all check asan valgrind contract bench \
        bench-growth bench-plot bench-smoke bench-record torture torture-short memory llama newcomer install install-testing uninstall setup format rockspec clean help tests modules suite FORCE
.DELETE_ON_ERROR:

all: $(CORE) ## build the module for LUA_VERSION (5.1 5.2 5.3 5.4 5.5 jit)

# Set-up may install what a later line asks pkg-config for: hence two makes.
SETUP = @LUA='$(LUA)' LUA_PC='$(LUA_PC)' .ci/setup
AGAIN = @$(MAKE) --no-print-directory

demo: ## set up, build, stream an answer (needs no key)
	$(SETUP) demo $(LUA_VERSION)
	$(AGAIN) all $(MODULES)
	@LUA='$(LUA)' .ci/demo

# With a key in XAI_API_KEY it talks to api.x.ai, else to the stand-in server.
EXAMPLE ?= chat
SERVED   = $(if $(XAI_API_KEY),,src/xai/testing/with-server --)
run: ## set up, build, run one of the examples: EXAMPLE=chat
	$(SETUP) demo $(LUA_VERSION)
	$(AGAIN) all $(MODULES)
	@LUA='$(LUA)' $(SERVED) '$(LUA)' examples/$(EXAMPLE).lua $(ARGS)

# LÖVE has a LuaJIT of its own; the stand-in server runs on Debian's.
love: ## set up, build for LuaJIT, play the game of examples/love
	@.ci/setup love jit
	$(AGAIN) play LUA_VERSION=jit

play: all
	@LUA='$(LUA)' $(SERVED) love examples/love

test: ## set up, build, run every test on LUA_VERSION
	$(SETUP) test $(LUA_VERSION)
	$(AGAIN) suite

# Not every system packages all of them: the others are named and left out.
PACKAGED = $(shell .ci/packaged $(LUAS))

# `make test-all ON='5.1 jit'` tests on those alone.
ON ?=
test-all: ## the same on all Luas that the system packages
	@on='$(or $(ON),$(PACKAGED))'; \
	[ -n "$$on" ] || { echo 'No Lua is installed or packaged here' >&2; exit 1; }; \
	.ci/setup test $$on || exit; \
	code=0; for v in $$on; do \
	  $(MAKE) --no-print-directory suite LUA_VERSION=$$v || code=1; \
	done; exit $$code

check: ## warnings, format, lint, layers, symbols, rockspec
	@.ci/setup check $(PACKAGED)
	+@.ci/check

asan: ## every test under AddressSanitizer and UBSan
	$(SETUP) test $(LUA_VERSION)
	$(FORGIVE)
	@for name in $$(basename $$(realpath $$(which $(LUA)))) \
	    $(notdir $(C_TESTS)); do echo detect_leaks=1 > $(LEAKS)/$$name; done
	$(AGAIN) suite SUFFIX=-asan UNDER_LUA="$(UNDER_ASAN)" \
	  CFLAGS='-O1 -g -fno-omit-frame-pointer $(SANITIZE)'

valgrind: ## every test under valgrind
	$(SETUP) valgrind $(LUA_VERSION)
	$(FORGIVE)
	$(AGAIN) suite SUFFIX=-valgrind UNDER='$(VALGRIND)' CFLAGS='-O1 -g'

# How long each fuzz target runs in it, in seconds.
TORTURE_SECONDS ?= 120
torture: ## all that takes long: watchers, memory that runs out, fuzzers
	@.ci/setup torture 5.1 5.4 jit
	@TORTURE_SECONDS='$(TORTURE_SECONDS)' spec/torture/run long

torture-short: ## a sample of it, in two minutes
	@.ci/setup torture 5.4
	@spec/torture/run short

contract: ## every function against the API's own description
	$(SETUP) contract $(LUA_VERSION)
	$(AGAIN) all spec/contract/node_modules
	@LUA='$(LUA)' spec/contract/run

# As root, where namespaces can be made; elsewhere it says so.
SUITE   ?= trixie
TARGETS ?=
newcomer: ## demo, test and TARGETS in a fresh Debian: SUITE=trixie
	@.ci/setup newcomer || true
	@spec/newcomer/run $(SUITE) $(TARGETS)

# Skipped where there is no llama-server, unless LLAMA_REQUIRED is set.
llama: ## the functions against llama-server, where it is packaged (Debian sid)
	$(SETUP) llama $(LUA_VERSION)
	$(AGAIN) all $(MODULES)
	@LUA='$(LUA)' spec/contract/llama/run

# `make bench PEERS=all` installs the other clients first; those that are there
# are measured in any case.
PEERS     ?=
ALL_PEERS  = $(filter all,$(PEERS))
bench: ## what a request and an event cost, beside other clients
	$(SETUP) bench$(ALL_PEERS:all=-peers) $(LUA_VERSION)
	$(AGAIN) all $(ALL_PEERS:all=spec/bench/node_modules)
	@LUA='$(LUA)' spec/bench/run $(ARGS)

bench-growth: ## what they cost as streams and answers grow
	$(SETUP) bench $(LUA_VERSION)
	$(AGAIN) all
	@LUA='$(LUA)' spec/bench/run growth $(ARGS)

bench-smoke: ## in seconds: has anything become 25 % dearer?
	$(SETUP) bench-smoke $(LUA_VERSION)
	$(AGAIN) all
	@LUA='$(LUA)' spec/bench/run smoke $(ARGS)

bench-plot: ## draw what was measured, write the table of the README
	$(SETUP) bench-plot $(LUA_VERSION)
	@spec/bench/run plot

# The machine should have nothing else to do; it takes about half an hour.
bench-record: ## measure everything anew; results, table, pictures
	$(AGAIN) bench PEERS=all ARGS='--runs 5 --write'
	$(AGAIN) bench-growth ARGS=--write
	$(AGAIN) bench-plot

# The command finds the modules below PREFIX, wherever Lua looks by itself.
COMMAND = $(DESTDIR)$(PREFIX)/bin/xai
install: $(CORE) ## install below PREFIX (/usr/local): the modules, the command xai
	install -d $(LUA_DIRS:%='$(LUA_DEST)/%') '$(CORE_DEST)'
	for f in $(LUA_SRC:src/xai/%=%); do install -m 644 src/xai/$$f '$(LUA_DEST)'/$$f || exit; done
	install -m 755 $(CORE) '$(CORE_DEST)'
	install -d '$(DESTDIR)$(PREFIX)/bin'
	{ echo '#!/usr/bin/env $(LUA)'; \
	  echo 'package.path = "$(PREFIX)/share/lua/$(LUA_DIR)/?.lua;$(PREFIX)/share/lua/$(LUA_DIR)/?/init.lua;" .. package.path'; \
	  echo 'package.cpath = "$(PREFIX)/lib/lua/$(LUA_DIR)/?.so;" .. package.cpath'; \
	  sed 1d src/xai/command/xai; } > '$(COMMAND)'
	chmod 755 '$(COMMAND)'

# xai.testing is no part of what programs need: it is a rock of its own, too.
TESTING_SRC  = $(sort $(wildcard src/xai/testing.lua src/xai/testing/*.lua src/xai/testing/*/*.lua))
WITH_SERVER  = $(DESTDIR)$(PREFIX)/bin/xai-with-server
TESTING_DIRS = $(sort $(dir $(TESTING_SRC:src/xai/%=%)))
install-testing: ## the same for xai.testing, and xai-with-server
	install -d $(TESTING_DIRS:%='$(LUA_DEST)/%') '$(DESTDIR)$(PREFIX)/bin'
	for f in $(TESTING_SRC:src/xai/%=%); do install -m 644 src/xai/$$f '$(LUA_DEST)'/$$f || exit; done
	install -m 755 src/xai/testing/with-server '$(WITH_SERVER)'

nvim: ## lay out .build/nvim, to be added to Neovim's runtimepath
	$(AGAIN) all LUA_VERSION=jit
	@rm -rf .build/nvim && mkdir -p .build/nvim/lua
	@cp -r src/xai .build/nvim/lua/
	@rm -rf .build/nvim/lua/xai/testing* .build/nvim/lua/xai/command*
	@cp .build/jit/xai/core.so .build/nvim/lua/xai/

uninstall: ## remove what install and install-testing put there
	rm -f $(LUA_SRC:src/xai/%='$(LUA_DEST)/%') '$(CORE_DEST)/core.so' '$(COMMAND)'
	rm -rf '$(LUA_DEST)/testing' '$(LUA_DEST)/testing.lua'
	rm -f '$(WITH_SERVER)'
	-rmdir $(filter-out '$(LUA_DEST)/./',$(LUA_DIRS:%='$(LUA_DEST)/%')) '$(LUA_DEST)' '$(CORE_DEST)' 2>/dev/null

setup: ## install all tools that the project uses (Debian, Ubuntu)
	@.ci/setup all $(PACKAGED)

format: ## lay out the C sources
	.ci/c-files | xargs -0 clang-format -i

rockspec: ## bring the lists of files in the rockspecs up to date
	@mkdir -p .build
	@for rock in xai xai-testing; do \
	  .ci/rockspec $$rock > .build/rockspec && \
	  cp .build/rockspec rockspec/$$rock-scm-1.rockspec || exit; \
	done

clean: ## remove everything that make made
	rm -rf .build spec/contract/node_modules spec/bench/node_modules

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1 - /p' Makefile | \
	  awk -F ' - ' '{ printf "  make %-13s %s\n", $$1, $$2 }'

# ---- Rules ----------------------------------------------------------------

# C tests are built as the core is; spec/run counts what passes.
tests: $(C_TESTS)

# The program looks first what is there, so nothing is built twice.
modules:
	@spec/support/build-for-lua55 '$(LUA)' $(FOR_55)

SPECS ?= spec
suite: $(CORE) tests $(MODULES) ## the specs named by SPECS (all), without set-up
	@LUA='$(LUA)' UNDER="$(UNDER)" UNDER_LUA="$(UNDER_LUA)" SPECS='$(SPECS)' spec/run $(C_TESTS)

$(CORE): $(OBJECTS)
	@mkdir -p $(@D)
	@echo '  LINK $@'
	$Q$(CC) $(MODULE_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJECTS) $(FOR_CURL)

# A layer sees the headers of its own libraries only.
$(OUT)/net/%.o:  LAYER_CFLAGS = $(CURL_CFLAGS)
$(OUT)/bind/%.o: LAYER_CFLAGS = $(CURL_CFLAGS) $(LUA_CFLAGS)

$(OUT)/%.o: src/%.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo '  CC   $<'
	$Q$(COMPILE) -MMD -MP -c -o $@ $<

# C tests are plain C, linked with the lowest layer alone.  Two of them stand
# between it and these functions; a linker that cannot do it leaves them idle.
ifneq ($(shell uname -s),Darwin)
$(OUT)/c/memory_test: WRAPPED = realloc
$(OUT)/c/work_test:   WRAPPED = memchr memmove realloc
endif
$(OUT)/c/%: spec/c/%.c $(BASE) $(OUT)/flags
	@mkdir -p $(@D)
	@echo '  CC   $<'
	$Q$(COMPILE) -Ispec/c -MMD -MP $(LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ \
	  $< $(BASE)

# The program that fails allocations loads a module that asks it for memory.
# The module finds them there: hence -rdynamic.
MEMORY_TEST = $(OUT)/memory
memory:
	$(AGAIN) all '$(MEMORY_TEST)' \
	  LDFLAGS='-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free'

$(MEMORY_TEST): spec/torture/memory.c spec/torture/failing.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo '  CC   $<'
	$Q$(COMPILE) $(CURL_CFLAGS) $(LUA_CFLAGS) -rdynamic -o $@ \
	  $(filter %.c,$^) $(shell $(PKG_CONFIG) --libs $(LUA_PC)) $(CURL_LIBS)

# Holds the flags of the last build; newer than the objects when they change.
$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(COMPILE) $(LDFLAGS)' | cmp -s - $@ || \
	  echo '$(COMPILE) $(LDFLAGS)' > $@

%/node_modules: %/package-lock.json
	cd $* && npm ci --ignore-scripts --no-audit --no-fund || { rm -rf node_modules; exit 1; }
	@touch $@

-include $(OBJECTS:.o=.d) $(C_TESTS:=.d)
