import { buildModule } from '@nomicfoundation/hardhat-ignition/modules'

/**
 * One oracle's contracts on one chain. The arbiter makes its committee and its vault itself, so that
 * neither can be exchanged. Nobody owns the escrow.
 */
export default buildModule('Earnest', (m) => {
  const escrow = m.contract('PactEscrow', [m.getParameter('token')])
  const governance = m.contract('Governance', [
    m.getParameter('delay'),
    m.getParameter('proposers'),
  ])
  const arbiter = m.contract('PactArbiter', [
    {
      escrow,
      governance,
      guardian: m.getParameter('guardian'),
      treasury: m.getParameter('treasury'),
      threshold: m.getParameter('threshold'),
      seats: m.getParameter('seats'),
      attestors: m.getParameter('attestors'),
      moderator: m.getParameter('moderator'),
      rosterHash: m.getParameter('rosterHash'),
      memberStake: m.getParameter('memberStake'),
      panelCost: m.getParameter('panelCost'),
    },
  ])
  return { escrow, governance, arbiter }
})
