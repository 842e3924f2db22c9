import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { TestContext } from 'node:test'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

/** Where Debian, Ubuntu and Google put the browser. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = PLACES.find((place) => existsSync(place))

/** A phone that is held upright. */
export const PHONE = { width: 390, height: 844 }

/** The real browser, started once for a file of tests. */
export function createChromium() {
  let running: Promise<Browser> | undefined
  return {
    /**
     * Where none is installed the test is left out, loudly; CI installs it and must find it.
     */
    async open(t: TestContext): Promise<Browser | undefined> {
      if (executablePath !== undefined) {
        running ??= launch(executablePath)
        return running
      }
      assert.ok(process.env.EARNEST_CI === undefined, 'CI has to install chromium')
      process.stderr.write(
        '\n*** No Chromium on this machine: the pages are NOT tested in a browser.\n' +
          '*** Install it: apt-get install chromium\n\n',
      )
      t.skip('no Chromium on this machine')
      return undefined
    },
    async close(): Promise<void> {
      await (await running)?.close()
    },
  }
}

function launch(path: string): Promise<Browser> {
  return chromium.launch({
    executablePath: path,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** A tab whose every error, refused resource and violated policy is kept in `faults`. */
export async function openTab(context: BrowserContext): Promise<{ tab: Page; faults: string[] }> {
  const tab = await context.newPage()
  const faults: string[] = []
  tab.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  tab.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`)
  })
  tab.on('requestfailed', (request) => faults.push(`failed: ${request.url()}`))
  return { tab, faults }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Serious and critical faults that axe-core finds on the page as it stands (WCAG 2.2 A and AA). */
export async function accessibilityFaults(tab: Page): Promise<string[]> {
  // By the debugger, beside the page: its policy would refuse the script.
  const session = await tab.context().newCDPSession(tab)
  await session.send('Runtime.evaluate', { expression: axe })
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
      .then(({ violations }) => JSON.stringify(violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' '))))`,
    awaitPromise: true,
    returnByValue: true,
  })
  await session.detach()
  return JSON.parse(String(result.value)) as string[]
}

/** Waits until a page says something; what went wrong there instead is the error. */
export async function says(tab: Page, text: string): Promise<void> {
  const said = tab.locator('main').getByText(text).first()
  const alert = tab.getByRole('alert').filter({ hasText: /\S/ }).first()
  await said.or(alert).first().waitFor({ timeout: 90_000 })
  if (!(await said.isVisible())) {
    assert.fail(`want “${text}”, got: ${await alert.textContent()}`)
  }
}

/** No part of a page stands out of a narrow screen. */
export async function assertFits(tab: Page): Promise<void> {
  const root = tab.locator('html')
  const wide = await root.evaluate(({ scrollWidth }) => scrollWidth)
  const screen = await root.evaluate(({ clientWidth }) => clientWidth)
  assert.ok(wide <= screen, `${tab.url()} is ${wide} wide on a screen of ${screen}`)
}

/** Keeps a picture for whoever wants to look: only with EARNEST_PICTURES set to a folder. */
export async function picture(tab: Page, name: string): Promise<void> {
  const folder = process.env.EARNEST_PICTURES
  if (folder) await tab.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
}
