#!/usr/bin/env node
// Here before anything is built: package managers link a command only to a file that is there.
import './dist/cli.js';
