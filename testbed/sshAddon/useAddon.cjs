// For `node --require`: every ssh2 in this process finds the addon at SSH_ADDON where its own was not built.
const Module = require('node:module');

const resolve = Module._resolveFilename;
Module._resolveFilename = function resolveFilename(request, ...others) {
	const isAddon = request.endsWith('/build/Release/sshcrypto.node');
	return isAddon ? process.env.SSH_ADDON : resolve.call(this, request, ...others);
};
