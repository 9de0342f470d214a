/**
 * A path below the tenant directory as people write it: other clients show it with a `/` in front, which is the tenant directory
 * here, or behind. What is no legal path stays one that the store refuses.
 */
export function remotePathText(text: string): string {
	return text
		.split('/')
		.filter((part) => part !== '' && part !== '.')
		.join('/');
}
