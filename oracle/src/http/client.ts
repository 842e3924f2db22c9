import { BlockList, isIP, isIPv6 } from 'node:net'
import { EarnestError } from '@earnest/sdk/protocol'

/** Says for whom the limits count a request, given the socket's address and `X-Forwarded-For`. */
export type ClientOf = (remote: string | undefined, forwarded: string | undefined) => string

/**
 * @param trusted Addresses or CIDR ranges of proxies of our own, whose `X-Forwarded-For` is believed;
 * of anybody else it is what an attacker likes.
 * @throws invalid_settings for what is no address or range.
 */
export function createClientOf(trusted: readonly string[] = []): ClientOf {
  const proxies = new BlockList()
  for (const range of trusted) add(proxies, range)
  const isProxy = (address: string) =>
    isIP(address) !== 0 && proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  return (remote, forwarded) => {
    let client = plain(remote ?? '')
    // From the right, each proxy of ours says who came to it.
    const hops = (forwarded ?? '').split(',').map((hop) => plain(hop.trim()))
    while (hops.length > 0 && isProxy(client)) {
      const before = hops.pop() as string
      if (isIP(before) === 0) break
      client = before
    }
    return clientKey(client)
  }
}

/** One home or server has a whole /64 of IPv6, so that is what counts as one client. */
export function clientKey(address: string): string {
  const text = plain(address)
  if (!isIPv6(text)) return text || 'unknown'
  const [head = '', tail] = text.split('::')
  const groups = (part: string | undefined) => (part ? part.split(':') : [])
  const before = groups(head)
  const after = groups(tail)
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const all = [...before, ...Array<string>(zeros).fill('0'), ...after]
  const network = all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}

/** Without a zone, and IPv4 as IPv4 where it came in IPv6's clothes. */
function plain(address: string): string {
  const text = address.split('%')[0] ?? ''
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1] ?? text
}

function add(list: BlockList, range: string): void {
  const [address = '', prefix] = range.split('/')
  const version = isIP(address)
  const family = version === 6 ? 'ipv6' : 'ipv4'
  const bits = prefix === undefined ? (version === 6 ? 128 : 32) : Number(prefix)
  try {
    if (version === 0 || !Number.isInteger(bits)) throw new RangeError(range)
    list.addSubnet(address, bits, family)
  } catch (cause) {
    throw new EarnestError('invalid_settings', 'A trusted proxy is an address or a CIDR range', {
      cause,
    })
  }
}
