/** Tests in a headless Chromium, and the Vulkan driver that comes with it. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { home, launchOptions } from './chromium-home.mjs';

/** Variables under which Vulkan finds SwiftShader, for processes that use WebGPU outside of a browser. */
export const swiftShader = {
  VK_ICD_FILENAMES: join(home, 'vk_swiftshader_icd.json'),
  LD_LIBRARY_PATH: home,
};

/** What unpacks it before the first test of a leg. */
export const globalSetup = fileURLToPath(new URL('chromium-home.mjs', import.meta.url));

/** The options of a vitest project whose tests run in that Chromium. */
export const inChromium = (options: { readonly webgpu?: boolean } = {}) => ({
  globalSetup,
  browser: {
    enabled: true,
    headless: true,
    screenshotFailures: false,
    provider: playwright({ launchOptions: launchOptions(options) }),
    instances: [{ browser: 'chromium' as const }],
  },
});

/** The options of a vitest project whose tests start that Chromium themselves: `inject('chromium')` says how. */
export const withChromium = (options: { readonly webgpu?: boolean } = {}) => ({
  globalSetup,
  provide: { chromium: launchOptions(options) },
});
