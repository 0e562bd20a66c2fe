# SPDX-License-Identifier: GPL-2.0-only
"""Compares a conversion with what upstream did: tests/real/upstream."""
