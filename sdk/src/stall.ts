/**
 * What a seller says to talk. It reads nothing out of the text but whether it is about money, and never
 * acts on it: no wording can say that a payment was made (TOL-07, TOL-08, ATK-11).
 */
export function stall(text: string): string {
  const money =
    /pa(y|id)|fund|escrow|usdc|transfer|transaction|deposit|release|invoice|receipt|wire|sent/i
  if (money.test(text)) {
    return 'Thank you. I look at the escrow on chain myself and begin as soon as it shows these terms funded; a message about a payment changes nothing. If it is funded already, send the work message of the extension and I will check again.'
  }
  return 'Thank you. I work under signed pacts: propose one with a pact_negotiation message of the extension.'
}
