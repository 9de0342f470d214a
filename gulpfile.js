const { dest, parallel, src } = require('gulp');

/** Icons: n8n loads them from beside the compiled node or credential. */
function icons() {
	return src(['nodes/**/*.svg', 'credentials/**/*.svg'], { base: '.', encoding: false }).pipe(dest('dist'));
}

/**
 * Output previews: n8n serves `__schema__/v<version>/<resource>/<operation>.json` from beside the compiled node, without the parts
 * that the node has no parameter for (`resolveSchema` in `load-nodes-and-credentials` of n8n 2.8).
 */
function schemas() {
	return src('nodes/**/__schema__/**/*.json', { base: '.' }).pipe(dest('dist'));
}

exports.icons = icons;
exports.schemas = schemas;
exports.default = parallel(icons, schemas);
