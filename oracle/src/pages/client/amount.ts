/** Base units of USDC as people write money: at least two decimals, thousands apart. */
export function money(amount: bigint): string {
  const whole = (amount / 1_000_000n).toString().replace(/\B(?=(\d{3})+$)/g, '\u202f')
  const fraction = (amount % 1_000_000n)
    .toString()
    .padStart(6, '0')
    .replace(/0{1,4}$/, '')
  return `${whole}.${fraction}`
}
